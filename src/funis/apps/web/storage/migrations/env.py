"""What alembic runs: the steps, on the connection that is handed to it, in one transaction."""

from alembic import context

from funis.apps.web.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,  # the transaction is the caller's
    render_as_batch=True,
)
context.run_migrations()
