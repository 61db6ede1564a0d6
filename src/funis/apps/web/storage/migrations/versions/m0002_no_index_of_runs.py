"""The index of runs goes: the folder of runs tells of itself."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the table; it held nothing that does not stand in the manifests of the runs."""
    op.drop_index("ix_runs_written", table_name="runs")
    op.drop_table("runs")


def downgrade() -> None:
    """Make the table again, empty: the program of that form fills it."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("disease", sa.String(120), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("library_version", sa.String(60), nullable=False),
        sa.Column("written", sa.DateTime(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size_byte", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_written", "runs", ["written"])
