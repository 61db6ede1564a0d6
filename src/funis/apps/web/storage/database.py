"""The database of a workbench: the one module that knows which engine stands behind it.

SQLite serves one machine. Nothing outside this module is said in the words of one engine, so that
PostgreSQL can take its place by another address.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, create_engine, event
from sqlalchemy.exc import DatabaseError as DatabaseError
from sqlalchemy.orm import Session

from funis.checks import InputError, Issue

FILE = "workbench.sqlite3"

WAIT_MS = 15_000
"""How long a writer waits for another one before it gives up."""

_WRITES = "funis_writes"


@dataclass(frozen=True, slots=True)
class Database:
    """A database with the two ways of using it."""

    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that holds the right to write from its first statement on.

        What was written is kept when the block ends without an error, and undone otherwise.
        """
        options = {_WRITES: True}
        with (
            self.engine.connect().execution_options(**options) as connection,
            Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Close every connection that nobody uses."""
        self.engine.dispose()


def open_database(folder: Path) -> Database:
    """Open the database of a workbench's folder; the file is made where there is none.

    Raises
    ------
    InputError
        The file cannot be opened, or is no database.
    """
    path = folder / FILE
    engine = create_engine(f"sqlite:///{path.absolute()}", connect_args={"timeout": WAIT_MS / 1000})
    _set_up_sqlite(engine)
    database = Database(engine)
    try:
        with database.reading() as session:
            session.connection()
    except (DatabaseError, sqlite3.Error) as error:
        engine.dispose()
        reason = str(getattr(error, "orig", error))
        expected = "the database of a workbench, or no such file"
        raise InputError(
            Issue(str(path), None, None, f"cannot be used ({reason})", expected)
        ) from None
    return database


def first_free(statement: Select[Any]) -> Select[Any]:
    """Return a query for one row that nobody else is taking: a row in work is passed over.

    In SQLite the transaction itself holds all others off, and the words fall away.
    """
    return statement.limit(1).with_for_update(skip_locked=True)


def _set_up_sqlite(engine: Engine) -> None:
    """Let transactions begin when they are said to, and a reader not wait for a writer."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself
        for words in (
            f"PRAGMA busy_timeout = {WAIT_MS}",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
        ):
            connection.execute(words)

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
