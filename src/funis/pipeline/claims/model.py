"""What the model says: the same patients without cells, with potency 0, and with cells.

No drop-out and no rescue: an arm is its treatment alone. Each patient is compared with himself,
with the same luck, under nine values of what a cell may do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis import mean_interval, summarise, wilson
from funis.analysis.intervals import Interval
from funis.calibrate.points import NO_CELLS, Points, enrolled, follow_points
from funis.calibrate.settings import Settings, load_settings
from funis.checks import InputError, Issue, nearest
from funis.claims.values import Statement, silent
from funis.pipeline.claims.asked import Asked, EffectAsked, TwinsAsked
from funis.pipeline.claims.draws import Belief
from funis.pipeline.inputs import Trial, load_trial
from funis.pipeline.pools import trial_pool
from funis.pipeline.reporting.courses import arm_durability, course_outputs, horizon_week
from funis.protocol import Arm, EndpointRequest, Protocol
from funis.protocol.values import FrozenMapping
from funis.trial import Study
from funis.trial.twins import Courses, course_minutes, twin_courses

Array = NDArray[np.float64]

PATIENTS = 128
"""Virtual patients of each trial."""

TWINS = 64
"""Virtual patients that are followed for years beside their twins."""

FOUR_WEEKS_DAY = 28.0
"""Time over which a mechanism is averaged [day]."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """An observable averaged over four weeks after the first dose: treated minus untreated twin.

    Attributes
    ----------
    untreated : float
        The average without cells.
    at_zero, middle : Interval
        Difference at potency 0 and at the middle potency; 95 % intervals over patients.
    low80, high80 : float
        Difference at weak and at strong potency.
    by_cells : float or None
        Share of the observable that living cells make themselves, at the middle potency.
    """

    observable: str
    unit: str
    untreated: float
    at_zero: Interval
    middle: Interval
    low80: float
    high80: float
    by_cells: float | None

    @property
    def silent_at_zero(self) -> bool:
        """Whether cells of potency 0 show nothing, or less than the solver's own error."""
        return silent(self.at_zero, self.middle.estimate, self.untreated)

    def moves(self, wanted: int) -> bool:
        """Whether cells move it up (1) or down (-1), and those of potency 0 do not."""
        beyond = self.middle.low > 0 if wanted > 0 else self.middle.high < 0
        return self.silent_at_zero and beyond


@dataclass(frozen=True, slots=True)
class Lasting:
    """Share of patients still better than their twin a year after the last live cell."""

    patients: int
    at_zero: Interval
    middle: Interval
    low: Interval
    high: Interval


def plain_trial(name: str) -> Trial:
    """Return a trial of the library without drop-out and rules."""
    trial = load_trial(name)
    dropout = replace(trial.protocol.dropout, rate_per_year=0.0, arms=FrozenMapping({}))
    return replace(trial, protocol=replace(trial.protocol, dropout=dropout, rules=()))


def study_of(trial: Trial, protocol: Protocol, patients: int) -> Study:
    """Return a study of some patients of a trial."""
    pool = trial_pool(trial.model)
    return Study(protocol, trial.model, pool, trial.products, patients, protocol.seed)


def statements(
    asked: Asked, belief: Belief, better: dict[EffectAsked, int], patients: int = PATIENTS
) -> dict[EffectAsked, Statement]:
    """Return what the model says of each outcome."""
    found: dict[EffectAsked, Statement] = {}
    for name in sorted({one.trial for one in asked.effects}):
        trial = plain_trial(name)
        wanted = [one for one in asked.effects if one.trial == name]
        _check_weeks(trial.protocol, wanted)
        study = study_of(trial, trial.protocol, patients)
        who = enrolled(study, range(patients))
        requests = [_request(one) for one in wanted]
        points = with_zero(belief.points)
        patients_only = without_cells_parameters(points, load_settings(asked.disease))
        reference = _reference(study.protocol)
        control = follow_points(study, reference, who, patients_only, requests)
        for arm in sorted({one.arm for one in wanted}):
            values = follow_points(study, arm_of(study.protocol, arm), who, points, requests)
            for place, one in enumerate(wanted):
                if one.arm == arm:
                    numbers = (control[:, :, place], values[:, :, place])
                    found[one] = _statement(one, numbers, belief, better[one])
    return found


def with_zero(points: Points) -> Points:
    """Return the points with one before them at which cells do nothing."""
    first = points.rows(np.array([0])).without_cells()
    return Points(points.names, np.concatenate([first.factors, points.factors]))


def without_cells_parameters(points: Points, settings: Settings) -> Points:
    """Return the points as they are for patients without cells; one, if they differ by cells alone.

    What stage 3 of the calibration may change acts on cells only.
    """
    of_cells = {prior.parameter for prior in settings.stage(3)}
    places = [place for place, name in enumerate(points.names) if name not in of_cells]
    if not places:
        return Points((NO_CELLS,), np.ones((1, 1)))
    return Points(tuple(points.names[place] for place in places), points.factors[:, places])


def _statement(
    asked: EffectAsked, numbers: tuple[Array, Array], belief: Belief, better: int
) -> Statement:
    """Compare each patient with himself.

    Parameters
    ----------
    numbers
        (point, patient) without and with cells, potency 0 first; one point without cells will do.
    """
    values = numbers[1]
    control = np.broadcast_to(numbers[0], values.shape)
    kept = ~np.isnan(control + values).any(axis=0)
    control, values = control[:, kept], values[:, kept]
    means = (values[1:] - control[1:]).mean(axis=1)
    low, high = np.quantile(means, [0.1, 0.9])
    middle = 1 + int(np.argsort(means, kind="stable")[len(means) // 2])
    return Statement(
        asked.trial, asked.arm, int(kept.sum()),
        float(control[middle].mean()), float(values[middle].mean()),
        spread(values[0] - control[0]), spread(values[middle] - control[middle]),
        spread((values[middle] - control[middle]) - (values[0] - control[0])),
        float(low), float(high), belief.no_effect, belief.basis, better,
    )  # fmt: skip


def spread(values: Array) -> Interval:
    """Return the mean of some differences with its 95 % interval."""
    found = mean_interval(summarise(values))
    return Interval(*(float(x) for x in (found.estimate, found.low, found.high)))


def _check_weeks(protocol: Protocol, wanted: Sequence[EffectAsked]) -> None:
    weeks = protocol.visits.weeks
    for one in wanted:
        if one.week not in weeks:
            expected = f"one of {', '.join(f'{week:g}' for week in weeks)}"
            message = f"'{one.trial}' has no visit at week {one.week:g}, where a claim asks"
            raise InputError(Issue(None, None, "week", message, expected))


def _request(asked: EffectAsked) -> EndpointRequest:
    return EndpointRequest(asked.endpoint, asked.week, asked.measure, "secondary")


def _reference(protocol: Protocol) -> Arm:
    reference = protocol.reference
    assert reference is not None
    return reference


def arm_of(protocol: Protocol, arm: str) -> Arm:
    """Return an arm by its id.

    Raises
    ------
    InputError
        No such arm.
    """
    names = [one.id for one in protocol.arms]
    if arm in names:
        return protocol.arm(arm)
    expected = f"one of {', '.join(names)}"
    message = f"'{protocol.id}' has no arm '{arm}', where a claim asks"
    raise InputError(Issue(None, None, "arm", message, expected, nearest(arm, names)))


def followed(
    asked: TwinsAsked, belief: Belief, observables: Sequence[str], patients: int = TWINS
) -> tuple[Lasting | None, tuple[Mechanism, ...]]:
    """Follow patients for years beside their twins: what lasts, and what was measured early."""
    trial = plain_trial(asked.trial)
    arm = arm_of(trial.protocol, asked.arm)
    potency = belief.points.factors[:, belief.points.names.index(NO_CELLS)]
    base = trial_pool(trial.model).values[:, trial_pool(trial.model).names.index(NO_CELLS)].mean()
    chosen = {"zero": 0.0, "low": np.quantile(potency, 0.1), "middle": potency[belief.middle],
              "high": np.quantile(potency, 0.9)}  # fmt: skip
    arms = [
        replace(arm, id=name, scenario=FrozenMapping({**arm.scenario, NO_CELLS: float(f * base)}))
        for name, f in chosen.items()
    ]
    reference = _reference(trial.protocol)
    judged = trial.protocol.success and replace(trial.protocol.success, arms=("middle",))
    protocol = replace(trial.protocol, arms=(reference, *arms), success=judged)
    study = study_of(trial, protocol, patients)
    known = {*trial.model.form.outputs}
    parts = [f"{name}_by_msc" for name in observables]
    wanted = [name for name in (*observables, *parts) if name in known]
    outputs = tuple(dict.fromkeys([*course_outputs(trial.model, protocol), *wanted]))
    minutes = course_minutes([0.0], 0.0, horizon_week(protocol))
    twins = twin_courses(study, range(patients), minutes, outputs)
    courses = {course.arm: course for course in twins}
    untreated = courses.pop(reference.id)
    lasting = _lasting(study, twins)
    found = tuple(_mechanism(n, courses, untreated, trial) for n in observables if n in known)
    return lasting, found


def _lasting(study: Study, twins: tuple[Courses, ...]) -> Lasting | None:
    shares = {}
    for name in ("zero", "low", "middle", "high"):
        found = arm_durability(study, twins, name)
        if found is None or not found.n_judged_later:
            return None
        n = found.n_judged_later
        share = wilson(float(np.nansum(found.improved_later)), n)
        shares[name] = (share, n)
    return Lasting(
        shares["middle"][1],
        shares["zero"][0],
        shares["middle"][0],
        shares["low"][0],
        shares["high"][0],
    )


def _mechanism(
    name: str, courses: dict[str, Courses], untreated: Courses, trial: Trial
) -> Mechanism:
    without = _average(untreated, name)
    apart = {arm: _average(course, name) - without for arm, course in courses.items()}
    part = f"{name}_by_msc"
    share = None
    if part in courses["middle"].outputs:
        whole = float(np.nanmean(_average(courses["middle"], name)))
        share = float(np.nanmean(_average(courses["middle"], part))) / whole if whole else 0.0
    return Mechanism(
        name, trial.model.text.units.get(name, ""), float(np.nanmean(without)),
        spread(apart["zero"]), spread(apart["middle"]),
        float(np.nanmean(apart["low"])), float(np.nanmean(apart["high"])), share,
    )  # fmt: skip


def _average(course: Courses, name: str) -> Array:
    """Return an output averaged over four weeks after the first dose, (patient,)."""
    rows = course.days <= FOUR_WEEKS_DAY
    values = course.output(name)[:, rows]
    whole = np.trapezoid(values, course.days[rows], axis=1)
    return np.asarray(whole / FOUR_WEEKS_DAY, dtype=np.float64)
