"""AMICI as a peer of `funis bench`: the real thing only where it is installed."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from funis.apps.cli import app
from funis.apps.door import enter
from funis.cache import CACHE_VARIABLE
from funis.pipeline.bench import Bench
from funis.pipeline.bench.peers import Funis
from funis.pipeline.bench.rounds import ratios
from funis.pipeline.bench.workload import workload

RTOL = 1e-8
SMALL = 1e-9
"""Absolute: cells that have nearly gone are kept to the absolute tolerance only."""


class Half:
    """A peer that says its integrator took half of its time, or says nothing."""

    name = "half 1.0"

    def __init__(self, says):
        self.says = says

    def solve(self, work, rtol):
        found = Funis().solve(work, rtol)
        return replace(found, own_seconds=found.seconds / 2 if self.says else None)


@pytest.fixture(scope="module")
def amici(ra, tmp_path_factory):
    """AMICI with the model compiled into an empty cache, and the folder of it."""
    pytest.importorskip("amici")
    from funis.pipeline.bench.amici import Amici, load_compiled

    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        load_compiled.cache_clear()
        load_compiled(ra.sbml, ra.form)
    return Amici(), folder


def test_without_amici_the_command_says_so_in_one_line(monkeypatch, capfd):
    real = importlib.util.find_spec
    hidden = lambda name, *more: None if name == "amici" else real(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    assert enter(app, ["bench", "--against", "amici"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "AMICI is not installed" in err


@pytest.mark.parametrize("says", [True, False])
def test_the_ratio_to_the_integrator_alone_is_told_if_the_peer_says_it(ra, says):
    found = ratios(ra, Half(says), rounds=1, patients=4, peer_patients=2)
    for one in found:
        expected = pytest.approx(one.equal_error / 2) if says else None
        assert one.equal_error_own == expected
    done = Bench({}, 4, {"half": found}, {"half": Half.name}, (), (), {}, {})
    assert done.document()["ratios"]["half"]["1e-4"]["equal_error_own"] == found[0].equal_error_own
    place = done.tables()[1].columns.index("ratio to its integrator alone")
    assert (done.tables()[1].rows[0][place] == "-") is not says


@pytest.mark.slow
def test_amici_agrees_and_its_model_is_kept(ra, amici):
    engine, folder = amici
    assert [path.name[:6] for path in (folder / "amici").iterdir()] == ["funis_"]
    work = workload(ra, 8)
    theirs, own = engine.solve(work, RTOL), Funis().solve(work, RTOL)
    assert not theirs.failed.any()
    np.testing.assert_allclose(theirs.values, own.values, rtol=1e-5, atol=SMALL)
    assert 0 < theirs.own_seconds < theirs.seconds


@pytest.mark.slow
def test_infusions_end_in_amici(ra, amici):
    work = workload(ra, 2)
    lasting = np.resize([0, 720], len(work.doses.minute))
    work = replace(work, doses=replace(work.doses, duration_minute=lasting))
    theirs, own = amici[0].solve(work, RTOL), Funis().solve(work, RTOL)
    np.testing.assert_allclose(theirs.values, own.values, rtol=1e-5, atol=SMALL)


@pytest.mark.slow
def test_a_patient_whom_amici_fails_is_marked(ra, amici):
    from funis.pipeline.bench.amici import MOST_STEPS, load_compiled

    solver = load_compiled(ra.sbml, ra.form).solver
    solver.set_max_steps(3)
    try:
        found = amici[0].solve(workload(ra, 2), RTOL)
    finally:
        solver.set_max_steps(MOST_STEPS)
    assert found.failed.all()
    assert np.isnan(found.values).all()
    assert not amici[0].solve(workload(ra, 2), RTOL).failed.any()
