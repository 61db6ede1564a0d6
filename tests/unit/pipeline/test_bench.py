"""The bench's own arithmetic: errors, equal error, what counts, what is refused."""

import os

import numpy as np
import pytest

from funis.checks import InputError
from funis.pipeline.bench import move_tables
from funis.pipeline.bench.browser import BrowserMoves, browser_moves, browser_table
from funis.pipeline.bench.machine import processor
from funis.pipeline.bench.moves import move_times, moves_table
from funis.pipeline.bench.peers import Timed, find_peers, installed_peers
from funis.pipeline.bench.rounds import (
    TOLERANCES,
    equal_error,
    errors,
    one_core,
    ratios,
    scaled_errors,
)
from funis.pipeline.bench.workload import OUTPUTS, workload


def timed(values):
    values = np.asarray(values, dtype=float)
    return Timed(values, np.zeros(len(values), dtype=bool), 1.0)


def test_the_error_is_that_of_outputs_that_stay_above_the_tolerance():
    reference = np.array([[[2.0, 1.0], [4.0, 0.0]], [[2.0, 1.0], [4.0, 1.0]]])
    found = timed(reference * 1.5)
    found.values[0, 0] = [2.02, 99.0]  # the second output of the first patient passes zero
    found.values[0, 1] = [4.0, 99.0]
    first = np.array([True, False])
    assert errors(found, reference, first) == pytest.approx(0.01, rel=0.01)
    assert errors(found, reference, ~first) == pytest.approx(0.5)
    assert errors(found, reference, np.array([True, True])) == pytest.approx(0.5)


def test_the_error_of_all_outputs_is_a_share_of_the_largest_value():
    reference = np.array([[[2.0, 0.0], [4.0, 10.0]], [[1.0, 0.0], [1.0, 0.0]]])
    found = timed(reference.copy())
    found.values[0, 0, 1] = 0.5
    found.values[1, 0, 0] = 9.0
    assert scaled_errors(found, reference, np.array([True, False])) == pytest.approx(0.05, rel=0.01)


def test_equal_error_takes_the_loosest_tolerance_that_never_fails_below():
    found = {1e-1: 5.0, 1e-2: 0.5, 1e-3: 2.0, 1e-4: 0.2, 1e-5: 0.1}
    assert equal_error(found, 1.0) == 1e-4  # 1e-2 was lucky
    assert equal_error(found, 9.0) == 1e-1
    assert equal_error(found, 0.01) == 1e-5


class Slow:
    """A peer that is exact, and fails its first patient."""

    name = "slow"

    def __init__(self, model):
        from funis.pipeline.bench.peers import Funis

        self.exact = Funis()

    def solve(self, work, rtol):
        found = self.exact.solve(work, 1e-9)
        found.values[0] = np.nan
        failed = np.arange(work.size) == 0
        return Timed(found.values * (1 + rtol), failed, 1e-3 * (work.size - 1))


def test_ratios_leave_out_who_failed_and_hold_their_range(ra):
    found = ratios(ra, Slow(ra), rounds=2, patients=64, peer_patients=6)
    assert [one.rtol for one in found] == list(TOLERANCES)
    for one in found:
        assert one.failed == 1
        assert one.peer_error == pytest.approx(one.rtol, rel=0.05)
        assert one.own_error <= one.peer_error
        assert one.peer_speed == pytest.approx(1000)
        assert one.low <= one.equal_error <= one.high
        assert one.equal_error_all > 0
        assert one.equal_error == pytest.approx(one.speed_at_equal_error / 1000, rel=0.5)


def test_a_workload_is_a_year_of_ten_quantities(ra):
    work = workload(ra, 5, forced=True, first=3)
    assert len(OUTPUTS) == 10
    assert work.times.tolist() == [k * 10080 for k in range(53)]
    assert np.bincount(work.doses.patient).tolist() == [4] * 5
    assert work.forcing.values.shape[0] == 5
    assert np.array_equal(workload(ra, 8).table.values[3:], work.table.values)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system cannot pin")
def test_a_core_is_given_back():
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_an_unknown_engine_is_one_line():
    assert "libroadrunner" in installed_peers()
    with pytest.raises(InputError, match="unknown engine 'roadruner'; expected one of"):
        find_peers(("roadruner",))


def test_moves_of_explore_are_timed_and_close_to_the_tolerance_of_a_trial():
    found = move_times(2, ["ra"])["ra"]
    assert found.moves == 2
    assert 0 < found.p50 <= found.p90
    assert found.ratio == found.reference / found.p50
    assert 0 < found.score_error < 2e-3
    assert found.share_error <= 0.02
    assert found.size < 44_000
    (row,) = moves_table({"ra": found}).rows
    assert row[0] == "ra"
    assert move_times(0) == {}


def test_moves_name_the_machine_that_they_were_timed_on():
    first, second = move_tables({}, BrowserMoves(why="no move was asked for"))
    assert dict(first.rows) == {"processor": processor(), "cores": str(os.cpu_count())}
    assert second.rows == (("not measured", "no move was asked for"),)


def test_without_a_browser_the_bench_says_so_and_measures_nothing(monkeypatch):
    monkeypatch.delenv("FUNIS_CHROMIUM", raising=False)
    monkeypatch.setattr("funis.pipeline.bench.chromium.candidates", lambda: iter(()))
    found = browser_moves(5)
    assert found.why.startswith("no browser found")
    assert found.drawn == (0.0, 0.0)
    assert browser_table(found).rows == (("not measured", found.why),)


@pytest.mark.parametrize(
    ("name", "why"),
    [("no-such", "which is no program that can be run"), ("no-chromium", "does not start as")],
)
def test_a_named_browser_that_is_none_is_a_line_of_the_table(monkeypatch, tmp_path, name, why):
    (tmp_path / "no-chromium").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "no-chromium").chmod(0o755)
    monkeypatch.setenv("FUNIS_CHROMIUM", str(tmp_path / name))
    found = browser_moves(5)
    assert why in found.why
    assert browser_table(found).rows == (("not measured", found.why),)
