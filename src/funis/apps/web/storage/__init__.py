"""What the workbench keeps: jobs in a database, runs as folders beside it."""

from funis.apps.web.storage.database import Database, DatabaseError, open_database
from funis.apps.web.storage.tables import Status

__all__ = ["Database", "DatabaseError", "Status", "open_database"]
