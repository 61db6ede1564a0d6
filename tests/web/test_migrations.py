"""The database comes to its present form step by step, and goes back."""

from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from funis.apps.web.storage import Database, jobs, open_database
from funis.apps.web.storage.database import first_free
from funis.apps.web.storage.migrate import migrate, migrate_down, revision, revisions
from funis.apps.web.storage.tables import Base, JobRow
from funis.checks import InputError


def tables(database: Database) -> set[str]:
    return set(sqlalchemy.inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_the_steps_lead_to_the_tables_of_the_program(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    migrate(database)
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_every_step_can_be_taken_back_and_taken_again(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    steps = [None, *revisions()]
    for step in steps[1:]:
        migrate(database, str(step))
        assert revision(database) == step
    for step in reversed(steps[:-1]):
        migrate_down(database, step or "base")
        assert revision(database) == step
    assert tables(database) == set()
    migrate(database)
    assert tables(database) == set(Base.metadata.tables)
    database.close()


def test_a_database_in_its_present_form_keeps_its_jobs(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    migrate(database)
    with database.writing() as session:
        job = jobs.submit(session, "run", {})
    migrate(database)
    with database.reading() as session:
        assert jobs.get(session, job.id) == job
    database.close()


def test_without_the_index_of_runs_a_database_keeps_its_jobs(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    migrate(database, "0001")
    with database.writing() as session:
        job = jobs.submit(session, "run", {})
        row = "'a', '', '', '', 1, '', '2026-01-01', 1, 1"
        session.execute(text(f"INSERT INTO runs VALUES ({row})"))
    migrate(database)
    assert tables(database) == {"jobs"}
    migrate_down(database, "0001")
    assert tables(database) == {"jobs", "runs"}
    with database.reading() as session:
        assert jobs.get(session, job.id) == job
    database.close()


def test_a_step_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(tmp_path)
    with database.writing() as session:
        session.execute(text("CREATE TABLE runs (id INTEGER)"))  # the second table of the step
    with pytest.raises(sqlalchemy.exc.OperationalError):
        migrate(database)
    assert tables(database) == {"runs"}
    assert revision(database) is None
    database.close()


def test_a_database_of_a_later_version_is_refused_in_one_line(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    migrate(database)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match=r"later version of funis \(form 9999\)"):
        migrate(database)
    database.close()


def test_postgresql_can_take_the_place_of_sqlite() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in Base.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
    taking = str(first_free(sqlalchemy.select(JobRow.id)).compile(dialect=dialect))
    assert taking.rstrip().endswith("FOR UPDATE SKIP LOCKED")
