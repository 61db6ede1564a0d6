"""What was done is not done again, and changes nothing."""

import pytest

from funis.pipeline.kept_processes import KeptProcesses
from funis.pipeline.processes import Processes
from funis.pipeline.run import run_trial
from funis.store import hash_folder

CALLS = []


def square(shared, task):
    CALLS.append(task)
    return shared * task**2


@pytest.fixture(autouse=True)
def none_yet():
    CALLS.clear()


def test_results_are_those_of_plain_processes_in_their_order(tmp_path):
    with Processes(3, 1) as plain, KeptProcesses(3, 1, tmp_path, "key") as kept:
        assert list(kept.map(square, range(9))) == list(plain.map(square, range(9)))


def test_what_an_earlier_attempt_did_is_not_done_again(tmp_path):
    with KeptProcesses(3, 1, tmp_path, "key") as first:
        begun = first.map(square, range(9))
        assert [next(begun) for _ in range(4)] == [0, 3, 12, 27]
    assert CALLS == [0, 1, 2, 3]
    with KeptProcesses(3, 1, tmp_path, "key") as second:
        assert list(second.map(square, range(9))) == [3 * k**2 for k in range(9)]
    assert list(range(9)) == CALLS


def test_a_second_map_of_the_same_tasks_is_other_work(tmp_path):
    with KeptProcesses(3, 1, tmp_path, "key") as processes:
        assert list(processes.map(square, range(2))) == [0, 3]
        assert list(processes.map(lambda shared, task: -task, range(2))) == [0, -1]


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_a_damaged_result_is_made_again(tmp_path, damage):
    with KeptProcesses(3, 1, tmp_path, "key") as first:
        list(first.map(square, range(3)))
    for path in tmp_path.iterdir():
        path.write_bytes(damage)
    with KeptProcesses(3, 1, tmp_path, "key") as second:
        assert list(second.map(square, range(3))) == [0, 3, 12]
    assert CALLS == [0, 1, 2, 0, 1, 2]


def test_results_of_other_work_are_not_taken(tmp_path):
    with KeptProcesses(3, 1, tmp_path, "key") as first:
        list(first.map(square, range(3)))
    with KeptProcesses(5, 1, tmp_path, "other") as second:
        assert list(second.map(square, range(3))) == [0, 5, 20]


def test_a_run_that_was_broken_off_goes_on_and_ends_with_the_same_bytes(tmp_path):
    """Broken off among the twins; then finished by another number of processes."""
    asked = {"patients": 24, "twins": 16, "seed": 5}

    class BrokenOff(Exception):
        pass

    def breaking(label, items, total):
        for done, item in enumerate(items):
            if label == "Twins" and done == 1:
                raise BrokenOff
            yield item

    run_trial("ra_two_arm", **asked, workers=1, out=tmp_path / "plain")
    kept = tmp_path / "kept"
    with pytest.raises(BrokenOff):
        run_trial("ra_two_arm", **asked, workers=1, progress=breaking, checkpoints=kept)
    before = {path: path.read_bytes() for path in kept.iterdir()}
    assert len(before) >= 3
    run_trial("ra_two_arm", **asked, workers=2, out=tmp_path / "resumed", checkpoints=kept)
    assert {path: path.read_bytes() for path in before} == before
    assert hash_folder(tmp_path / "resumed") == hash_folder(tmp_path / "plain")
    run_trial("ra_two_arm", **asked, workers=1, out=tmp_path / "again", checkpoints=kept)
    assert hash_folder(tmp_path / "again") == hash_folder(tmp_path / "plain")
