"""Bring a database to the form that this version of funis needs, step by step."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from funis.apps.web.storage.database import Database
from funis.checks import InputError, Issue


def migrate(database: Database, to: str = "head") -> None:
    """Take the steps up to a revision, all or none.

    Raises
    ------
    InputError
        The database was written by a later version of funis.
    """
    with database.writing() as session:
        connection = session.connection()
        known = {step.revision for step in _scripts().walk_revisions()}
        stands = MigrationContext.configure(connection).get_current_revision()
        if stands is not None and stands not in known:
            problem = f"was written by a later version of funis (form {stands})"
            place = database.engine.url.database
            raise InputError(Issue(place, None, None, problem, "a later funis, or another folder"))
        if stands != _scripts().get_current_head() or to != "head":
            command.upgrade(_config(connection), to)


def migrate_down(database: Database, to: str) -> None:
    """Take steps back to a revision; ``base`` is an empty database."""
    with database.writing() as session:
        command.downgrade(_config(session.connection()), to)


def revision(database: Database) -> str | None:
    """Return the revision that a database stands at; None for an empty one."""
    with database.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def revisions() -> tuple[str, ...]:
    """Return all revisions, the first one first."""
    return tuple(step.revision for step in reversed(list(_scripts().walk_revisions())))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    return Path(str(resources.files("funis.apps.web.storage"))) / "migrations"
