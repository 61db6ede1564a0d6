"""What the workbench keeps: jobs and an index of runs in a database, runs as folders beside it."""

from funis.apps.web.storage.database import Database, open_database
from funis.apps.web.storage.tables import Status

__all__ = ["Database", "Status", "open_database"]
