"""What a worker says of its job, and how a job ends."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from funis.apps.web import kinds, worker
from funis.apps.web.kinds import Kind, Request, Work
from funis.apps.web.storage import Database, Status, jobs, open_database
from funis.apps.web.storage.migrate import migrate
from funis.checks import InputError, Issue


class Asked(Request):
    kind: str = "made up"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def begin(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Asked, Work], Any]], jobs.Job]:
    """Have a worker do a job of a kind that is made up, and return the job as it stands then."""

    def begin(work: Callable[[Asked, Work], Any]) -> jobs.Job:
        made_up = Kind("made up", Asked, lambda asked: "", work)
        monkeypatch.setitem(kinds.KINDS, "made up", made_up)  # type: ignore[arg-type]
        with database.writing() as session:
            id = jobs.submit(session, "made up", {}).id
            job = jobs.claim(session, "worker")
        assert job is not None
        worker.conduct(database, tmp_path, job, 1)
        with database.reading() as session:
            found = jobs.get(session, id)
        assert found is not None
        return found

    return begin


def test_what_a_job_returns_is_its_result(begin) -> None:
    job = begin(lambda asked, at: {"answer": 42})
    assert (job.status, job.result) == (Status.DONE, {"answer": 42})
    assert job.ended is not None


def test_wrong_input_fails_with_its_lines_and_no_trace(begin, capsys) -> None:
    def refuse(asked: Asked, at: Work) -> None:
        raise InputError([Issue("a.yaml", 3, "seed", "is wrong"), Issue("a.yaml", 4, None, "too")])

    job = begin(refuse)
    assert (job.status, job.error) == (Status.FAILED, "a.yaml:3: seed: is wrong\na.yaml:4: too")
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_program_is_told_in_a_line_and_printed_in_full(begin, capsys) -> None:
    job = begin(lambda asked, at: 1 / 0)
    assert job.error == "unexpected fault: ZeroDivisionError: division by zero"
    assert "Traceback" in capsys.readouterr().err


def test_progress_is_written_now_and_then_and_partial_results_at_once(begin, database) -> None:
    seen = []

    def work(asked: Asked, at: Work) -> None:
        with database.reading() as session:
            for item in at.progress("Counting", range(1000), 1000):
                if item == 500:
                    at.known({"half": item})
                    seen.append(jobs.get(session, at.run.name))
                    session.rollback()

    job = begin(work)
    (half,) = seen
    assert (half.words, half.total, half.result) == ("Counting", 1000, {"half": 500})
    assert half.status == Status.RUNNING
    assert job.status == Status.DONE


def test_a_thousand_steps_at_once_are_written_a_few_times(begin, monkeypatch) -> None:
    written, advance = [], jobs.advance

    def counted(*given: Any, **more: Any) -> Status:
        written.append(more["done"])
        return advance(*given, **more)

    monkeypatch.setattr(jobs, "advance", counted)
    begin(lambda asked, at: list(at.progress("Quick", range(1000), 1000)) and None)
    assert 1 <= len(written) < 50


def test_a_cancelled_job_ends_at_its_next_step(begin, database) -> None:
    steps = []

    def work(asked: Asked, at: Work) -> None:
        for item in at.progress("Counting", range(10**9), 10**9):
            steps.append(item)
            if item == 3:
                with database.writing() as session:
                    jobs.cancel(session, at.run.name)

    assert begin(work).status == Status.CANCELLED
    assert 4 <= len(steps) < 10**7


def test_an_attempt_that_was_given_to_somebody_else_ends_without_a_word(begin, database) -> None:
    def work(asked: Asked, at: Work) -> dict[str, int]:
        with database.writing() as session:
            jobs.release(session)
        return {"late": 1}

    job = begin(work)
    assert (job.status, job.result) == (Status.QUEUED, None)


def test_a_cancelled_job_that_does_not_end_is_ended_with_its_process(
    begin, database, monkeypatch
) -> None:
    class Ended(BaseException):
        pass

    ends: list[int] = []
    monkeypatch.setattr(worker, "HEARTBEAT_SECOND", 0.02)
    monkeypatch.setattr(worker, "GRACE_SECOND", 0.1)
    monkeypatch.setattr(worker.os, "_exit", ends.append)

    def stubborn(asked: Asked, at: Work) -> None:
        with database.writing() as session:
            jobs.cancel(session, at.run.name)
        end = time.monotonic() + 10
        while not ends and time.monotonic() < end:
            time.sleep(0.02)

    job = begin(stubborn)
    assert ends[0] == worker.ENDED_FOR_CANCELLATION
    assert job.status == Status.CANCELLED


def locked_out(*given: Any, **more: Any) -> Any:
    raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))


def test_progress_that_cannot_be_written_does_not_end_the_work(begin, monkeypatch, capsys) -> None:
    monkeypatch.setattr(jobs, "advance", locked_out)

    def work(asked: Asked, at: Work) -> dict[str, int]:
        at.known({"half": 1})
        return {"sum": sum(at.progress("Counting", range(10), 10))}

    job = begin(work)
    assert (job.status, job.result) == (Status.DONE, {"sum": 45})
    assert "its progress was not written" in capsys.readouterr().err


def test_checkpoints_stay_where_the_end_of_a_job_cannot_be_written(
    begin, monkeypatch, tmp_path, capsys
) -> None:
    def work(asked: Asked, at: Work) -> None:
        (at.checkpoints / "half").write_text("half")
        monkeypatch.setattr(jobs, "finish", locked_out)

    job = begin(work)
    assert job.status == Status.RUNNING
    assert (tmp_path / "checkpoints" / job.id / "half").is_file()
    assert "database is locked" in capsys.readouterr().err


def test_a_beat_that_cannot_be_written_is_not_the_last(begin, monkeypatch, capsys) -> None:
    beats = []

    def beat(*given: Any) -> Status:
        beats.append(given)
        if len(beats) == 1:
            locked_out()
        return Status.RUNNING

    monkeypatch.setattr(worker, "HEARTBEAT_SECOND", 0.02)
    monkeypatch.setattr(jobs, "heartbeat", beat)

    def work(asked: Asked, at: Work) -> None:
        end = time.monotonic() + 10
        while len(beats) < 3 and time.monotonic() < end:
            time.sleep(0.02)

    assert begin(work).status == Status.DONE
    assert len(beats) >= 3


def test_a_worker_that_cannot_ask_for_a_job_asks_again(database, monkeypatch, capsys) -> None:
    monkeypatch.setattr(jobs, "claim", locked_out)
    assert worker._claimed(database, "worker") is None
    assert "database is locked" in capsys.readouterr().err


def test_checkpoints_outlive_a_lost_attempt_and_go_with_the_job(begin, database, tmp_path) -> None:
    kept = []

    def work(asked: Asked, at: Work) -> None:
        kept.append(at.checkpoints)
        (at.checkpoints / "half").write_text("half")

    begin(work)
    assert kept[0].is_relative_to(tmp_path)
    assert not kept[0].exists()
