"""From twins to the courses of scores, and how long an effect lasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.analysis import (
    Durability,
    band,
    durability,
    mean_interval,
    summarise,
    wilson,
)
from funis.analysis.durability import THREE_YEARS_DAY, TWELVE_MONTHS_DAY
from funis.analysis.intervals import Interval as Known
from funis.models import Model
from funis.models.endpoints import Endpoints
from funis.pipeline.reporting.endpoints import better, score_names, score_view
from funis.population.scores import ScoreReader
from funis.protocol import Arm, Protocol
from funis.report.content import (
    Band,
    DurabilityRow,
    Interval,
    ScoreView,
    Trajectory,
)
from funis.report.scales import Array
from funis.trial import Study
from funis.trial.twins import Courses
from funis.units import DAYS_PER_WEEK

ONE_CELL = 1e-6
"""One cell in the unit of the cell states: below it nothing is alive [1e6 cells]."""

CLEARANCE_DAY = 60.0
"""Time after the last dose by which no live cell is left (they die within days) [day]."""

LONG = ":long"
"""Suffix of the score that is shown over the whole durability horizon."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def horizon_week(protocol: Protocol) -> int:
    """Return the week to which twins are followed.

    Three years for the durability headline, and long enough to judge every patient twelve months
    after the last live cell.
    """
    days = [
        day for arm in protocol.arms for one in arm.interventions if one.product for day in one.days
    ]
    last = max(days, default=0.0) + CLEARANCE_DAY + TWELVE_MONTHS_DAY
    return int(np.ceil(max(THREE_YEARS_DAY, last) / DAYS_PER_WEEK))


def course_outputs(model: Model, protocol: Protocol) -> tuple[str, ...]:
    """Return the outputs of the model that the courses of scores and durability need."""
    scores = [
        name for name in score_names(protocol, model.endpoints) if not _structural(name, model)
    ]
    observables = [
        item.observable
        for item in model.endpoints.structural
        if item.id in score_names(protocol, model.endpoints)
    ]
    live = ["live"] if "live" in model.form.outputs else []
    return tuple(dict.fromkeys([*ScoreReader.of(model, scores).outputs, *observables, *live]))


def score_course(model: Model, course: Courses, name: str) -> Array:
    """Return the true course of a score or component, (patient, time).

    Of a structural endpoint it is the change since the first time.
    """
    for item in model.endpoints.structural:
        if item.id == name:
            values = course.output(item.observable)
            return values - values[:, :1]
    reader = ScoreReader.of(model, [name])
    values = np.stack([course.output(output) for output in reader.outputs], axis=-1)
    return np.asarray(reader.read(values)[:, :, 0], dtype=np.float64)


def quantile_band(values: Array, rows: NDArray[np.intp]) -> Band:
    """Return the band over patients of (patient, time) at some of the times."""
    q10, q25, median, q75, q90 = band(values[:, rows], QUANTILES)
    return Band(median, q25=q25, q75=q75, q10=q10, q90=q90)


def shown_views(protocol: Protocol, endpoints: Endpoints) -> tuple[ScoreView, ...]:
    """Return the scores shown over time, the durability score also over its whole horizon."""
    views = [score_view(name, endpoints) for name in score_names(protocol, endpoints)]
    main = durability_score(protocol, endpoints)
    if main is not None:
        view = score_view(main, endpoints)
        years = f"{view.name}, three years and more"
        views.append(
            ScoreView(f"{main}{LONG}", years, view.unit, view.better, thresholds=view.thresholds)
        )
    return tuple(views)


def trajectories(study: Study, twins: Sequence[Courses]) -> tuple[Trajectory, ...]:
    """Return the true scores of every arm but the reference, beside the same patients under it."""
    protocol, model = study.protocol, study.model
    reference = _reference(protocol, twins)
    if reference is None:
        return ()
    last = protocol.visits.last_week
    made = []
    for view in shown_views(protocol, model.endpoints):
        name = view.id.removesuffix(LONG)
        weeks = reference.days / DAYS_PER_WEEK
        rows = np.flatnonzero(weekly(weeks) & ((weeks <= last) | view.id.endswith(LONG)))
        twin = quantile_band(score_course(model, reference, name), rows)
        for course in twins:
            if course is not reference:
                treated = quantile_band(score_course(model, course, name), rows)
                made.append(Trajectory(course.arm, view.id, weeks[rows], treated, twin))
    return tuple(made)


def weekly(weeks: Array) -> NDArray[np.bool_]:
    """Return which times are whole weeks."""
    return np.asarray(np.abs(weeks - np.round(weeks)) < 1e-9)


def durability_score(protocol: Protocol, endpoints: Endpoints) -> str | None:
    """Return the score whose important difference the headline uses: the first that has one."""
    names = [n for n in score_names(protocol, endpoints) if n in [s.id for s in endpoints.scores]]
    for name in (*names, *(score.id for score in endpoints.scores)):
        if endpoints.number(name).minimal_important_difference is not None:
            return name
    return None


def arm_durability(study: Study, twins: Sequence[Courses], arm: str) -> Durability | None:
    """Return the durability of the effect in one arm, patient by patient."""
    name = durability_score(study.protocol, study.model.endpoints)
    reference = _reference(study.protocol, twins)
    if name is None or reference is None:
        return None
    course = next(course for course in twins if course.arm == arm)
    difference = study.model.endpoints.number(name).minimal_important_difference
    assert difference is not None
    return durability(
        course.days,
        score_course(study.model, course, name),
        score_course(study.model, reference, name),
        minimal_important_difference=difference,
        last_live_cell_day=last_live_cell_day(course, study.protocol.arm(arm)),
        better=better(name, study.model.endpoints),
    )


def last_live_cell_day(course: Courses, arm: Arm) -> Array:
    """Return the last time at which a live cell was seen in each patient, nan if none was given.

    An arm with a drug that goes on is never off treatment and gets not-a-number too.
    """
    lasting = any(one.drug is not None for one in arm.interventions)
    if "live" not in course.outputs or lasting:
        return np.full(len(course.patient), np.nan)
    alive = course.output("live") > ONE_CELL
    last = course.days[alive.shape[1] - 1 - np.argmax(alive[:, ::-1], axis=1)]
    return np.where(alive.any(axis=1), last, np.nan)


def durability_rows(study: Study, twins: Sequence[Courses]) -> tuple[DurabilityRow, ...]:
    """Return the durability headline of every arm but the reference."""
    if not twins or not len(twins[0].patient):
        return ()
    reference = _reference(study.protocol, twins)
    found = [
        (course.arm, arm_durability(study, twins, course.arm))
        for course in twins
        if course is not reference
    ]
    return tuple(_row(study.protocol.arm(arm), value) for arm, value in found if value is not None)


def durability_text(study: Study, twins: Sequence[Courses]) -> str:
    """Return how the durability numbers are to be read."""
    name = durability_score(study.protocol, study.model.endpoints)
    if name is None or not twins:
        return ""
    item = study.model.endpoints.number(name)
    return (
        f"{len(twins[0].patient)} virtual patients under every arm, each beside the same patient "
        f"under the reference arm, without noise, drop-out and rescue. Effect: difference in "
        f"{item.name}, averaged over three years. Days: share of the three years on which the "
        f"benefit reaches the minimal important difference of "
        f"{item.minimal_important_difference:g}. Later: still that much better twelve months after "
        f"the last live cell."
    )


def _row(arm: Arm, value: Durability) -> DurabilityRow:
    effect = mean_interval(summarise(value.time_averaged_effect))
    days = mean_interval(summarise(value.share_of_days))
    n = value.n_judged_later
    later = wilson(float(np.nansum(value.improved_later)), n) if n else None
    lasting = any(one.drug is not None for one in arm.interventions)
    return DurabilityRow(
        arm=arm.id,
        n=len(value.time_averaged_effect),
        time_averaged_effect=_interval(effect),
        share_of_days=_interval(days, 0.0, 1.0),
        improved_after_12_months=None if later is None else _interval(later),
        note="the drug is given throughout" if lasting else "",
    )


def _interval(found: Known, low: float = -np.inf, high: float = np.inf) -> Interval:
    ends = [None if np.isnan(x) else float(np.clip(x, low, high)) for x in (found.low, found.high)]
    estimate = None if np.isnan(found.estimate) else found.estimate
    return Interval(estimate, *ends)


def _structural(name: str, model: Model) -> bool:
    return name in [item.id for item in model.endpoints.structural]


def _reference(protocol: Protocol, twins: Sequence[Courses]) -> Courses | None:
    arm = protocol.reference
    return None if arm is None else next((c for c in twins if c.arm == arm.id), None)
