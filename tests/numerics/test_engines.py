"""Three engines that share nothing but the equations give the same courses (model.md, Part 0)."""

import numpy as np
import pytest

from funis.solver import SOLVED, STATUS, ParameterTable, simulate

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


def solved(model, who, doses, engine, forced, rtol=RTOL):
    found = simulate(
        model, who.table, doses, TIMES, forcing=who.forcing if forced else None, rtol=rtol,
        engine=engine, outputs=outputs(model),
    )  # fmt: skip
    assert np.all(found.status == SOLVED)
    return found.values


def share(model, a, b):
    """Largest deviation as a share of what is allowed: |a-b| <= 1e-4 max(|a|,|b|) + 1e-6 scale."""
    allowed = 1e-4 * np.maximum(np.abs(a), np.abs(b)) + 1e-6 * scales(model, outputs(model), 70.0)
    return float((np.abs(a - b) / allowed).max())


FIRST = (0, 50, 100, 150)
QUIET = [(name, False, first) for name in REGIMENS for first in FIRST]
FLUCTUATING = [(name, True, first) for name, first in zip(REGIMENS, FIRST, strict=True)]


@pytest.mark.parametrize(("name", "forced", "first"), [*QUIET, *FLUCTUATING])
def test_the_kernel_roadrunner_and_lsoda_agree(ra, patients, regimen, name, forced, first):
    """Two hundred patients under every regimen; fluctuating, which is slow, each under one."""
    who = patients(50, first)
    doses = regimen(name, who)
    kernel, cvode, lsoda = (
        solved(ra, who, doses, engine, forced) for engine in ("kernel", "roadrunner", "lsoda")
    )
    shares = share(ra, kernel, cvode), share(ra, kernel, lsoda), share(ra, cvode, lsoda)
    print(f"{name}, patients {first} to {first + 49}: {max(shares):.3f} of what is allowed")
    assert max(shares) <= 1


@pytest.mark.parametrize("name", REGIMENS)
def test_radau_agrees(ra, patients, regimen, name):
    who = patients(4, 200)
    doses = regimen(name, who)
    assert share(ra, *(solved(ra, who, doses, one, True) for one in ("kernel", "radau"))) <= 1


@pytest.mark.parametrize("name", REGIMENS)
def test_the_full_form_is_solved_alike(ra, patients, regimen, name):
    who = patients(8, 250)
    doses = regimen(name, who)
    found = [
        simulate(ra, who.table, doses, TIMES, forcing=who.forcing, rtol=RTOL, engine=engine,
                 outputs=outputs(ra), full=True).values
        for engine in ("kernel", "lsoda")
    ]  # fmt: skip
    assert share(ra, *found) <= 1


@pytest.mark.parametrize("name", REGIMENS)
def test_the_rule_of_every_day_is_near_the_exact_course(ra, patients, regimen, name):
    """At the default tolerance a score is wrong by less than a hundredth of a point."""
    who = patients(500, 300)
    doses = regimen(name, who)
    usual, exact = (
        simulate(ra, who.table, doses, TIMES, forcing=who.forcing, outputs=("DAS28_CRP_true",),
                 rtol=rtol)
        for rtol in (1e-5, 1e-10)
    )  # fmt: skip
    assert np.all(usual.status < 3)
    assert np.abs(usual.values - exact.values).max() < 0.001


# ---- parameters far from what people have

SPREAD = np.sqrt(np.log(1 + 1.2**2))
"""Standard deviation of the logarithm at a coefficient of variation of 120 %."""


def spread(model, count):
    """Every parameter of the model at a coefficient of variation of 120 %, kept in its domain.

    Shares stay between 0 and 1 (the same spread on their odds), efficacies of drugs below the two
    thirds at which 1 - E sat(C) would vanish, the shares of damage sum to at most 1, and D_max is
    above 1: outside of these the equations have no meaning.
    """
    rng = np.random.default_rng(120)
    known = {p.id: p for p in model.parameters if p.value != 0}
    columns = {}
    for name, parameter in known.items():
        luck = np.exp(SPREAD * rng.standard_normal(count))
        top = 2 / 3 if name.startswith("E_") else 1.0
        bounded = parameter.unit == "dimensionless" and 0 < parameter.value < top
        if name.startswith("E_"):
            odds = luck / (1 - min(parameter.value / top, 0.99)) * min(parameter.value / top, 0.99)
            columns[name] = top * odds / (1 + odds)
        elif bounded:
            odds = parameter.value / (1 - parameter.value) * luck
            columns[name] = odds / (1 + odds)
        elif name == "D_max":
            columns[name] = 1 + (parameter.value - 1) * luck
        else:
            columns[name] = parameter.value * luck
    drivers = [n for n in known if n.startswith("damage_") and n != "damage_severity"]
    rest = (1 - sum(known[n].value for n in drivers)) * np.exp(SPREAD * rng.standard_normal(count))
    weights = np.column_stack(
        [known[n].value * np.exp(SPREAD * rng.standard_normal(count)) for n in drivers] + [rest]
    )
    weights /= weights.sum(axis=1, keepdims=True)
    columns |= {name: weights[:, place] for place, name in enumerate(drivers)}
    return ParameterTable(tuple(columns), np.column_stack(list(columns.values())))


@pytest.fixture(scope="module")
def wild(ra, events):
    table = spread(ra, 4000)
    doses = events(*[(p, 28 * DAY * k, "iv", 70.0, 0) for p in range(4000) for k in range(4)])
    times = np.arange(53) * 7 * DAY
    return table, doses, times


def test_parameters_of_a_coefficient_of_variation_of_120_percent_are_solved(ra, wild):
    table, doses, times = wild
    varied = np.std(table.values[:, table.names.index("kd_lu")]) / np.mean(
        table.values[:, table.names.index("kd_lu")]
    )
    assert varied == pytest.approx(1.2, rel=0.2)
    found = simulate(ra, table, doses, times, threads=2)
    reasons = {words: int(np.sum(found.status == code)) for code, words in STATUS.items()}
    print(reasons, f"largest deviation {np.nanmax(found.deviation):.2f} rtol")
    assert np.mean(~found.failed) >= 0.999


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 200, 50))
def test_two_hundred_of_them_agree_with_lsoda(ra, wild, first):
    worst = apart(ra, wild, np.arange(first, first + 50) * 20, "lsoda", 1e-8)
    print(f"patients {first} to {first + 49} of 200: {worst:.3f} of what is allowed")
    assert worst <= 1


def test_twenty_of_them_agree_with_radau(ra, wild):
    """Slower than LSODA by three, and implicit throughout."""
    assert apart(ra, wild, np.arange(20) * 200, "radau", 1e-6) <= 1


def apart(ra, wild, rows, engine, rtol):
    """Largest deviation of the kernel from an engine as a share of what is allowed."""
    table, doses, times = wild
    mine = np.isin(doses.patient, rows)
    place = np.searchsorted(rows, doses.patient[mine])
    given = type(doses)(place, *(column[mine] for column in doses.columns()[1:]))
    ends = times[[0, 4, 13, 26, 52]]
    kernel, other = (
        simulate(ra, table.rows(rows), given, ends, rtol=tolerance, engine=name, checked=0)
        for name, tolerance in (("kernel", 1e-8), (engine, rtol))
    )
    assert np.all(kernel.status == SOLVED)
    assert np.all(other.status == SOLVED)
    cells = np.isin(ra.form.states, ra.cell_states)
    scale = np.where(cells, 70.0, np.maximum(1.0, np.abs(other.values).max(axis=1)[:, None]))
    allowed = 1e-4 * np.maximum(np.abs(kernel.values), np.abs(other.values)) + 1e-6 * scale
    return float((np.abs(kernel.values - other.values) / allowed).max())
