"""Two engines that share nothing but the equations give the same courses (model.md, Part 0)."""

import numpy as np
import pytest

from funis.solver import SOLVED, simulate

DAY = 1440
TIMES = np.arange(25) * 7 * DAY
RTOL = 1e-8
REGIMENS = ("untreated", "once", "four monthly", "anti-TNF and cells")


def scales(model, names, dose):
    """1 for fold states, the dose for cells, the range for components and scores."""
    ranges = {c.observable: (c.high - c.low) / c.gain for c in model.endpoints.components}
    ranges["DAS28_CRP_true"] = next(
        score.high - score.low for score in model.endpoints.scores if score.id == "DAS28_CRP"
    )
    ranges["cells_total"] = dose
    cells = model.cell_states
    return np.array([dose if name in cells else ranges.get(name, 1.0) for name in names])


def outputs(model):
    observed = [component.observable for component in model.endpoints.components]
    return (*model.form.states, *dict.fromkeys(observed), "DAS28_CRP_true", "cells_total")


def compare(model, who, doses, engines, rtol=RTOL):
    """Largest deviation as a share of what is allowed: |a-b| <= 1e-4 max(|a|,|b|) + 1e-6 scale."""
    names = outputs(model)
    found = [
        simulate(model, who.table, doses, TIMES, forcing=who.forcing, rtol=rtol, engine=engine,
                 outputs=names)
        for engine in engines
    ]  # fmt: skip
    assert all(np.all(one.status == SOLVED) for one in found)
    a, b = (one.values for one in found)
    allowed = 1e-4 * np.maximum(np.abs(a), np.abs(b)) + 1e-6 * scales(model, names, 70.0)
    return float((np.abs(a - b) / allowed).max())


@pytest.mark.parametrize("first", [0, 50, 100, 150])
@pytest.mark.parametrize("name", REGIMENS)
def test_roadrunner_and_lsoda_agree(ra, patients, regimen, name, first):
    who = patients(50, first)
    share = compare(ra, who, regimen(name, who), ("roadrunner", "lsoda"))
    print(f"{name}, patients {first} to {first + 49}: {share:.3f} of what is allowed")
    assert share <= 1


@pytest.mark.parametrize("name", REGIMENS)
def test_radau_agrees(ra, patients, regimen, name):
    who = patients(2, 200)
    assert compare(ra, who, regimen(name, who), ("roadrunner", "radau")) <= 1


@pytest.mark.parametrize("name", REGIMENS)
def test_the_rule_of_every_day_is_near_the_exact_course(ra, patients, regimen, name):
    """At the default tolerance a score is wrong by less than a hundredth of a point."""
    who = patients(25, 300)
    doses = regimen(name, who)
    usual, exact = (
        simulate(ra, who.table, doses, TIMES, forcing=who.forcing, outputs=("DAS28_CRP_true",),
                 rtol=rtol)
        for rtol in (1e-5, 1e-10)
    )  # fmt: skip
    assert np.all(usual.status < 3)
    assert np.abs(usual.values - exact.values).max() < 0.01
