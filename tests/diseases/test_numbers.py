"""Engines and forms of every disease give the same courses (model.md, Part 0)."""

import numpy as np
import pytest
from subjects import DAY, WEEKS, drugs, patients_of, true_scores

from funis.models import Model
from funis.population.scores import ScoreReader
from funis.solver import SOLVED, simulate

TIMES = np.arange(WEEKS + 1) * 7 * DAY
REGIMENS = ("untreated", "four monthly", "every route")


def scales(model: Model, names: list[str], dose: float) -> np.ndarray:
    """1 for fold states, the dose for cells, the range for components."""
    ranges = {c.observable: (c.high - c.low) / c.gain for c in model.endpoints.components}
    cells = model.cell_states
    return np.array([dose if name in cells else ranges.get(name, 1.0) for name in names])


def share(model: Model, who, doses, engine: str) -> float:
    """Largest deviation from the kernel as a share of what is allowed."""
    observed = [component.observable for component in model.endpoints.components]
    names = [*model.form.states, *dict.fromkeys(observed), "cells_total"]
    found = [
        simulate(model, who.table, doses, TIMES, forcing=who.forcing, outputs=tuple(names),
                 rtol=1e-8, engine=one)
        for one in ("kernel", engine)
    ]  # fmt: skip
    assert all(np.all(one.status == SOLVED) for one in found)
    a, b = (one.values for one in found)
    allowed = 1e-4 * np.maximum(np.abs(a), np.abs(b)) + 1e-6 * scales(model, names, 70.0)
    return float((np.abs(a - b) / allowed).max())


@pytest.mark.parametrize("name", REGIMENS)
def test_a_second_engine_gives_the_same_course(model, regimen, name):
    who = patients_of(model, 4)
    assert share(model, who, regimen(model, who, name), "lsoda") <= 1


def test_a_second_engine_agrees_under_every_drug(model, regimen):
    who = patients_of(model, 1, 50)
    for drug in drugs(model):
        assert share(model, who, regimen(model, who, drug), "lsoda") <= 1, drug


@pytest.mark.parametrize("name", [*REGIMENS, "a drug"])
def test_fast_species_as_algebra_are_as_good_as_states(model, regimen, name):
    """Less than 0.01 % of the range of every score."""
    who = patients_of(model, 8, 100)
    given = (
        next(iter(set(drugs(model)) & {"anti_tnf"}), drugs(model)[-1]) if name == "a drug" else name
    )
    doses = regimen(model, who, given)
    outputs = ScoreReader.of(model).outputs
    quick, full = (
        simulate(model, who.table, doses, TIMES, forcing=who.forcing, outputs=outputs, rtol=1e-9,
                 full=form)
        for form in (False, True)
    )  # fmt: skip
    assert not quick.failed.any()
    assert not full.failed.any()
    apart = np.abs(true_scores(model, quick.values) - true_scores(model, full.values)).max()
    print(f"{model.id}, {name}: {apart:.1e} of the range")
    assert apart < 1e-4
