"""The queue of jobs: who has a job, who may write, and what outlives a dead worker."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from funis.apps.web.storage import Database, Status, jobs, open_database
from funis.apps.web.storage.migrate import migrate
from funis.checks import InputError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    migrate(database)
    yield database
    database.close()


def put(database: Database, *titles: str) -> list[str]:
    with database.writing() as session:
        return [jobs.submit(session, "run", {"trial": "ra_demo"}, title).id for title in titles]


def read(database: Database, id: str) -> jobs.Job:
    with database.reading() as session:
        job = jobs.get(session, id)
    assert job is not None
    return job


def take(database: Database, worker: str = "one") -> jobs.Job | None:
    with database.writing() as session:
        return jobs.claim(session, worker)


def test_a_job_is_stored_as_it_was_asked(database: Database) -> None:
    with database.writing() as session:
        job = jobs.submit(session, "run", {"trial": "ra_demo", "patients": 20}, "Twenty patients")
    kept = read(database, job.id)
    assert kept == job
    assert (kept.status, kept.request["patients"]) == (Status.QUEUED, 20)
    assert kept.created.tzinfo is not None


def test_jobs_are_taken_in_the_order_in_which_they_came(database: Database) -> None:
    first, second = put(database, "first", "second")
    assert read(database, second).ahead == 1
    taken = [take(database), take(database), take(database)]
    assert [job and job.id for job in taken] == [first, second, None]


def test_eight_workers_never_take_one_job_twice(database: Database) -> None:
    wanted = put(database, *map(str, range(24)))
    taken: list[str] = []

    def work(name: str) -> None:
        while (job := take(database, name)) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=work, args=(str(k),)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(wanted)


def test_what_is_not_committed_is_undone(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            jobs.submit(session, "run", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert jobs.listing(session) == ()


def test_a_list_begins_with_the_newest_and_goes_on_page_by_page(database: Database) -> None:
    put(database, *"abcde")
    with database.reading() as session:
        page = jobs.listing(session, most=2)
        after = jobs.listing(session, most=2, before=page[-1].number)
    assert [job.title for job in (*page, *after)] == ["e", "d", "c", "b"]


def test_a_list_goes_on_where_it_was_when_the_last_job_of_a_page_is_deleted(
    database: Database,
) -> None:
    put(database, *"abcd")
    with database.writing() as session:
        page = jobs.listing(session, most=2)
        assert jobs.delete(session, page[-1].id)
        after = jobs.listing(session, most=2, before=page[-1].number)
    assert [job.title for job in after] == ["b", "a"]


def test_a_list_loads_neither_requests_nor_results(database: Database) -> None:
    from sqlalchemy import event

    put(database, *"ab")
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    with database.reading() as session:
        first, second = jobs.listing(session)
    assert (first.request, first.result, first.ahead, second.ahead) == ({}, None, 1, 0)
    asked = [words for words in said if "FROM jobs" in words]
    assert asked
    assert not [words for words in asked if "jobs.request" in words or "jobs.result" in words]


def test_a_list_can_be_of_jobs_that_stand_so_alone(database: Database) -> None:
    first, second = put(database, "first", "second")
    with database.writing() as session:
        jobs.cancel(session, first)
        assert [job.id for job in jobs.listing(session, statuses=(Status.QUEUED,))] == [second]
        assert jobs.open_ids(session) == {second}


def test_a_lost_workers_job_goes_to_another_and_the_old_attempt_can_write_nothing(
    database: Database,
) -> None:
    (id,) = put(database, "job")
    old = take(database, "lost")
    assert old is not None
    assert take(database, "other") is None
    later = jobs.now() + jobs.LOST_AFTER + timedelta(seconds=1)
    with database.writing() as session:
        new = jobs.claim(session, "other", later)
    assert new is not None
    assert (new.id, new.attempt) == (id, old.attempt + 1)
    for write in (
        lambda s: jobs.heartbeat(s, id, old.attempt),
        lambda s: jobs.advance(s, id, old.attempt, words="late", done=9, total=9),
        lambda s: jobs.finish(s, id, old.attempt, Status.DONE, result={"late": True}),
    ):
        with pytest.raises(jobs.Fenced), database.writing() as session:
            write(session)
    assert read(database, id) == new


def test_a_heartbeat_keeps_a_job_in_its_hands(database: Database) -> None:
    put(database, "job")
    job = take(database)
    assert job is not None
    almost = jobs.now() + jobs.LOST_AFTER - timedelta(seconds=1)
    with database.writing() as session:
        assert jobs.heartbeat(session, job.id, job.attempt) == Status.RUNNING
        assert jobs.claim(session, "other", almost) is None


def test_progress_and_partial_results_are_seen_by_readers(database: Database) -> None:
    put(database, "job")
    job = take(database)
    assert job is not None
    with database.writing() as session:
        jobs.advance(
            session, job.id, job.attempt, words="Replicates", done=3, total=8, result={"n": 3}
        )
        jobs.advance(session, job.id, job.attempt, words="Replicates", done=4, total=8)
    seen = read(database, job.id)
    assert (seen.words, seen.done, seen.total, seen.result) == ("Replicates", 4, 8, {"n": 3})


def test_a_waiting_job_is_cancelled_at_once(database: Database) -> None:
    (id,) = put(database, "job")
    with database.writing() as session:
        jobs.cancel(session, id)
    assert read(database, id).status == Status.CANCELLED
    assert take(database) is None


def test_a_worker_hears_of_a_cancellation_by_its_heartbeat(database: Database) -> None:
    (id,) = put(database, "job")
    job = take(database)
    assert job is not None
    with database.writing() as session:
        jobs.cancel(session, id)
        assert jobs.heartbeat(session, id, job.attempt) == Status.CANCELLING
        jobs.finish(session, id, job.attempt, Status.CANCELLED)
    assert read(database, id).status == Status.CANCELLED


def test_cancelling_a_job_that_is_over_changes_nothing(database: Database) -> None:
    (id,) = put(database, "job")
    job = take(database)
    assert job is not None
    with database.writing() as session:
        jobs.finish(session, id, job.attempt, Status.DONE)
        jobs.cancel(session, id)
    assert read(database, id).status == Status.DONE


@pytest.mark.parametrize("how", ["silence", "release"])
def test_a_cancelled_job_of_a_lost_worker_is_not_begun_again(database: Database, how: str) -> None:
    (id,) = put(database, "job")
    take(database)
    with database.writing() as session:
        jobs.cancel(session, id)
        if how == "release":
            jobs.release(session)
        later = jobs.now() + 2 * jobs.LOST_AFTER
        assert jobs.claim(session, "other", later) is None
    assert read(database, id).status == Status.CANCELLED


def test_a_server_that_died_costs_no_job_however_often(database: Database) -> None:
    (id,) = put(database, "job")
    for _ in range(5):
        assert take(database) is not None
        with database.writing() as session:
            assert jobs.release(session) == 1
    assert read(database, id).status == Status.QUEUED


def test_a_job_that_brings_two_workers_down_fails_with_one_line(database: Database) -> None:
    (id,) = put(database, "job")
    for _ in range(jobs.MOST_CRASHES):
        assert take(database, "one") is not None
        with database.writing() as session:
            jobs.release(session, "one", crashed=True)
    job = read(database, id)
    assert (job.status, job.error) == (Status.FAILED, jobs.CRASHED)


def test_only_the_jobs_of_the_dead_worker_are_released(database: Database) -> None:
    first, second = put(database, "first", "second")
    take(database, "dead")
    take(database, "alive")
    with database.writing() as session:
        jobs.release(session, "dead")
    assert read(database, first).status == Status.QUEUED
    assert read(database, second).status == Status.RUNNING


def test_a_job_in_work_is_not_deleted(database: Database) -> None:
    (id,) = put(database, "job")
    take(database)
    with pytest.raises(jobs.Busy), database.writing() as session:
        jobs.delete(session, id)
    assert read(database, id).status == Status.RUNNING


def test_a_job_that_is_over_is_forgotten(database: Database) -> None:
    (id,) = put(database, "job")
    with database.writing() as session:
        jobs.cancel(session, id)
        assert jobs.delete(session, id)
        assert not jobs.delete(session, id)
        assert jobs.get(session, id) is None


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "workbench.sqlite3").write_text("notes about nothing" * 100)
    with pytest.raises(InputError, match=r"cannot be used \(file is not a database\)"):
        open_database(tmp_path)
