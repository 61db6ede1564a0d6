"""One move: the regimen of a state in virtual patients, beside the same patients without cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.pipeline.explore.cohort import product_of, with_regimen
from funis.pipeline.explore.evidence import Grade, grade_of
from funis.pipeline.explore.harms import Harm, expected_harms
from funis.pipeline.explore.link import permalink
from funis.pipeline.explore.options import explore_options
from funis.pipeline.explore.prepare import (
    ADDED,
    MECHANISM,
    Prepared,
    halves,
    prepare,
    solved,
    told,
    week_minutes,
)
from funis.pipeline.explore.state import ExploreState
from funis.pipeline.explore.statistics import Draws, bands, mean_interval, share_interval
from funis.pipeline.reporting.endpoints import short_name
from funis.pipeline.reporting.mechanism import compartments
from funis.product import Delivered, delivered
from funis.protocol import Arm, DoseEvents, dose_events
from funis.report.statement import RESEARCH_USE, SIMULATED
from funis.solver import ParameterTable
from funis.units import MINUTES_PER_DAY

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

Kind = TypeVar("Kind", bound=NDArray[Any])

AFTER_DOSE_MINUTE = (60, 1440, 4320)
"""Times after a dose at which cells are looked at besides the weeks: they live for days."""

NOT_IN_IT = (
    "Biology alone: no placebo response, no fluctuation, no noise of measurement and nobody leaves,"
    " in either course. A trial shows more responders in both arms."
)
"""What the curves leave out."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A quantity over time in both courses.

    Attributes
    ----------
    treated, twin : (5, time) ends of the 90 % and 50 % bands and the median, see `BAND`; of a
        responder rule (time,) the share.
    fine : whether its times are those of cells.
    difference : (3, time) mean of treated - twin with its 95 % interval; None where it is not told.
    """

    id: str
    name: str
    unit: str
    better: str
    treated: Array
    twin: Array
    difference: Array | None = None
    definition: str = ""
    fine: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ExploreView:
    """What one place of the controls shows.

    Attributes
    ----------
    weeks : (week,)
    cell_weeks : (time,) of `cells`, which are looked at more often after each dose.
    score, responders : of both courses.
    mechanism : ratios to the twin, which is 1.
    cells : living cells by compartment [1e6]; the twin has none.
    delivered : route -> from vial to vein.
    harms : expected adverse events up to the last week.
    week : at which the result is told.
    failed : patients that were not solved in either course and are left out of both.
    """

    state: ExploreState
    link: str
    weeks: Array
    cell_weeks: Array
    score: Curve
    responders: tuple[Curve, ...]
    mechanism: tuple[Curve, ...]
    cells: tuple[Curve, ...]
    delivered: Mapping[str, Delivered]
    harms: tuple[Harm, ...]
    grade: Grade
    draws: str
    week: int
    failed: int
    disease: str
    product: str
    rtol: float
    research_use: str = RESEARCH_USE
    simulated: str = SIMULATED
    left_out: str = NOT_IN_IT


def explore(state: ExploreState, prepared: Prepared | None = None) -> ExploreView:
    """Give the regimen of a state to virtual patients and hold them against their twins.

    A twin is the same virtual patient, under the same draw of the model, without cells. The same
    state gives the same bytes, whatever was asked for before.

    Parameters
    ----------
    prepared
        What `prepare` gave for the state; taken from what is kept if None.

    Raises
    ------
    InputError
        The pool holds too few patients of the stratum, or no patient could be solved.
    """
    ready = prepare(state) if prepared is None else prepared
    minutes, weekly = _times(state)
    table = with_regimen(ready.table, state)
    doses = [treated_doses(state, table, rows, int(minutes[-1])) for rows in halves(state.patients)]
    scoring = ready.scoring
    values, failed = solved(ready.model, table, doses, minutes, scoring.outputs, ready.rtol)
    good = ~(failed | ready.failed)
    if not good.any():
        message = "no virtual patient could be solved"
        raise InputError(Issue(None, None, "disease", message, "another place of the controls"))
    return _view(state, ready, _of(values, good), weekly, minutes, good)


def _times(state: ExploreState) -> tuple[Integers, Integers]:
    """Return the minutes that are looked at, and which of them are whole weeks."""
    weeks = week_minutes(state.weeks)
    starts = np.array([round(day * MINUTES_PER_DAY) for day in state.days], dtype=np.int64)
    after = (starts[:, None] + np.array(AFTER_DOSE_MINUTE)).ravel()
    minutes = np.union1d(weeks, after[after < weeks[-1]])
    return minutes, np.searchsorted(minutes, weeks)


def treated_doses(
    state: ExploreState, table: ParameterTable, rows: Integers, last: int
) -> DoseEvents:
    """Return the doses of some patients, numbered by their place among them."""
    recovered = product_of(state.product).recovered_fraction.value
    weight = table.values[rows, table.names.index("weight")] if "weight" in table.names else None
    return dose_events(
        Arm("explored", "explored", interventions=state.interventions), weight,
        np.arange(len(rows)), end_minute=last + 1,
        recovered_fraction={state.product: 1.0 if recovered is None else recovered},
    )  # fmt: skip


def _of(values: Kind, good: NDArray[np.bool_]) -> Kind:
    """Return the rows of those who were solved: all of them as they are, as a rule."""
    return values if good.all() else cast(Kind, values[good])


def _view(
    state: ExploreState, ready: Prepared, values: Array, weekly: Integers, minutes: Integers,
    good: NDArray[np.bool_],
) -> ExploreView:  # fmt: skip
    scoring = ready.scoring
    seen = len(scoring.reader.outputs)
    treated = values[:, weekly, :seen]
    draws = ready.what.draws
    if draws is not None and not good.all():
        draws = draws.of_patients(good)
    score, responds = told(scoring, treated)
    product = product_of(state.product)
    weeks = np.arange(state.weeks + 1, dtype=np.float64)
    return ExploreView(
        state, permalink(state), weeks, minutes / week_minutes(1)[1],
        _score(ready, score, _of(ready.twin_score, good), draws),
        _responders(ready, responds, _of(ready.twin_responds, good), draws),
        _mechanism(ready, values, _of(ready.twin, good), weekly), _cells(ready, values),
        {
            route: delivered(product, _dose(state, ready, dose), hold_minute=state.hold_minute)
            for route, dose in zip(state.routes, state.doses, strict=True)
        },
        expected_harms(state), grade_of(state.disease, product.tissue, state.routes),
        ready.what.told, min(scoring.week, state.weeks), int((~good).sum()),
        explore_options(state.disease).name, product.name, ready.rtol,
    )  # fmt: skip


def _score(ready: Prepared, treated: Array, twin: Array, draws: Draws | None) -> Curve:
    points, name = ready.model.endpoints, ready.scoring.score
    item = points.number(name)
    return Curve(
        name, short_name(name, points), "" if item.unit in ("1", "score") else item.unit,
        points.better(name), bands(treated), bands(twin), mean_interval(treated - twin, draws),
    )  # fmt: skip


def _responders(
    ready: Prepared, treated: NDArray[np.bool_], twin: NDArray[np.bool_], draws: Draws | None
) -> tuple[Curve, ...]:
    rules, points = ready.scoring.responses, ready.model.endpoints
    moved = treated.astype(np.float64) - twin
    difference = share_interval(moved, draws)
    shares = [one.mean(axis=0) for one in (treated, twin)]
    return tuple(
        Curve(
            name, _rule_name(ready, name), "share of virtual patients",
            points.better(name) if name in points.conditions else "higher",
            shares[0][:, place], shares[1][:, place], difference[:, :, place],
            rules.definition(name)[1],
        )
        for place, name in enumerate(rules.names)
    )  # fmt: skip


def _rule_name(ready: Prepared, name: str) -> str:
    """Return a rule in words, that of the main score in few."""
    points, score = ready.model.endpoints, ready.scoring.score
    if name != f"{score}_improved":
        return ready.scoring.responses.definition(name)[0]
    least = points.number(score).minimal_important_difference
    return f"{short_name(score, points)} better by {least:g} or more"


def _mechanism(ready: Prepared, values: Array, twin: Array, weekly: Integers) -> tuple[Curve, ...]:
    """Return ratios to the twin: every week, or as often as cells where cells alone make it."""
    scoring = ready.scoring
    names = [name for name in scoring.mechanism if name not in ADDED]
    places = [scoring.outputs.index(name) for name in names]
    under = twin[:, :, places]
    found = bands(values[:, weekly[:, None], places] / np.where(under > 0, under, np.nan))
    whole = {name: found[:, :, place] for place, name in enumerate(names)}
    for name in (one for one in scoring.mechanism if one in ADDED):
        made = values[:, :, scoring.outputs.index(name)]
        whole[name] = bands(1 + made / _constant(ready, ADDED[name]))
    return tuple(
        Curve(
            name, MECHANISM[name], "ratio to the twin", "", whole[name],
            np.ones_like(whole[name]), fine=name in ADDED,
        )
        for name in scoring.mechanism
    )  # fmt: skip


def _constant(ready: Prepared, name: str) -> float:
    """Return a parameter that patients do not differ in."""
    return float(ready.model.parameter(name).value)


def _cells(ready: Prepared, values: Array) -> tuple[Curve, ...]:
    scoring, named = ready.scoring, compartments(ready.model)
    found = []
    for place, names in scoring.cells.items():
        columns = [scoring.outputs.index(name) for name in names]
        band = bands(values[:, :, columns].sum(axis=2))
        found.append(
            Curve(place, named[place], "million cells", "", band, np.zeros_like(band), fine=True)
        )
    return tuple(found)


def _dose(state: ExploreState, ready: Prepared, dose: float) -> float:
    """Return the cells of one dose, at the median weight where it is per kg."""
    if not state.per_kg:
        return dose
    table = ready.table
    return dose * float(np.median(table.values[:, table.names.index("weight")]))


def at_week(curve: Curve, week: int) -> Sequence[float]:
    """Return the difference of a curve at a week: mean, low, high."""
    assert curve.difference is not None
    found: list[float] = curve.difference[:, week].tolist()
    return found
