"""The predicted course: matching virtual patients treated, on placebo, and with no-effect cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis import handling, wilson
from funis.analysis.durability import THREE_YEARS_DAY
from funis.analysis.strategies import endpoint_values, event_counts
from funis.calibrate.ensemble import Ensemble
from funis.models import Endpoints
from funis.models.factors import NO_CELLS, Points
from funis.pipeline.inputs import Trial
from funis.pipeline.planning.changes import influences
from funis.pipeline.planning.events import adverse_events
from funis.pipeline.planning.following import (
    Observed,
    interval_of,
    observed,
    plain_means,
    same_people,
    sampled_means,
    spread_draws,
    true_scores,
)
from funis.pipeline.planning.matching import LEVELS, Matched, matched_patients
from funis.pipeline.planning.setting import (
    ARMS,
    NO_EFFECT,
    PLACEBO,
    TREATED,
    Chosen,
    Drugs,
    drugs_of,
    plan_arms,
    plan_protocol,
    plan_requests,
)
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.reporting.endpoints import better, endpoint_name, short_name
from funis.plan import (
    AveragedEffect,
    Consultation,
    Course,
    Interval,
    Response,
    ScoreBand,
    Spread,
)
from funis.population import Pool
from funis.protocol import Arm, EndpointRequest
from funis.trial import Enrolled, Study
from funis.units import DAYS_PER_WEEK

Array = NDArray[np.float64]

DRAWS, LEAST_DRAWS = 24, 16
"""Draws of the posterior that the matches are followed under up to the primary endpoint; fewer
where a trial is long."""

LONG_DRAWS, LONG_PATIENTS = 16, 16
"""Draws and matches that are followed over three years."""

FEWEST = 24
"""Matches that are followed up to the primary endpoint at least."""

PATIENT_WEEKS = 60_000
"""Weeks of patients, draws and arms that one prediction may follow; up to twice as many where a
trial is long, and fewer patients beyond."""

EVERY_WEEK = 4
YEARS = 3.0
MOST_RESPONSES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Everything that predictions of one plan share.

    Attributes
    ----------
    study : the protocol of the plan, with its three arms.
    points : draws of the posterior; None without one.
    score : main score of the disease, by which effects over time are told.
    threads : that share the draws; they change no number.
    """

    chosen: Chosen
    consultation: Consultation
    study: Study
    drugs: Drugs
    matched: Matched
    points: Points | None
    score: str | None
    threads: int

    @property
    def trial(self) -> Trial:
        """The trial that supplies visits and rules."""
        return self.chosen.trial


def prepared(
    consultation: Consultation, chosen: Chosen, pool: Pool, posterior: Ensemble | None,
    threads: int = 2,
) -> Prepared:  # fmt: skip
    """Match virtual patients to a consultation under the protocol of a plan.

    Raises
    ------
    InputError
        Nobody could be followed.
    """
    trial = chosen.trial
    drugs = drugs_of(consultation, trial)
    protocol = plan_protocol(trial, plan_arms(chosen, drugs), chosen.arm.id)
    study = Study(protocol, trial.model, pool, trial.products, 1, protocol.seed)
    matched = matched_patients(study, consultation, drugs)
    points = None if posterior is None else posterior.draws["borrowed"].points
    score = durability_score(trial.protocol, trial.model.endpoints)
    return Prepared(chosen, consultation, study, drugs, matched, points, score, threads)


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """The matches as they were followed up to the primary endpoint.

    Attributes
    ----------
    study : with the arms of the plan first, and others behind them.
    requests : endpoints, the primary one first.
    draws : rows of the posterior.
    found : what was written down.
    """

    study: Study
    requests: tuple[EndpointRequest, ...]
    draws: int
    found: Observed


def followed(ready: Prepared, further: Sequence[Arm] = ()) -> Followed:
    """Follow the matches under the arms of a plan, and under further ones.

    Further arms change no number of the others.
    """
    requests = plan_requests(ready.trial.protocol)[:MOST_RESPONSES]
    draws = _draws(ready, requests[0].week)
    names = tuple(dict.fromkeys(one.endpoint for one in requests))
    who = _followed(ready, len(draws), requests[0].week)
    study = ready.study
    if further:
        arms = (*study.arms, *further)
        protocol = plan_protocol(ready.trial, arms, ready.chosen.arm.id)
        study = replace(study, protocol=protocol)
    found = observed(study, who, draws, names, ready.threads)
    return Followed(study, requests, len(draws), found)


def predicted_course(
    ready: Prepared, seen: Followed | None = None, step: Callable[[], object] = tuple
) -> Course:
    """Return what becomes of the virtual patients who resemble a consultation.

    Parameters
    ----------
    seen
        The matches up to the primary endpoint, where they were followed already.
    step
        Called when each further part begins.
    """
    seen = seen or followed(ready)
    step()
    bands, averaged = _over_years(ready)
    step()
    moved = influences(ready)
    step()
    return Course(
        n_patients=seen.found.failed.shape[-1],
        stratum=ready.matched.words,
        responses=_responses(seen),
        adverse_events=adverse_events(ready.study, seen.requests[0].week),
        averaged=averaged,
        influences=moved,
        warnings=_warnings(ready, seen.found),
        matches=ready.matched.rows,
        bands=bands,
        draws=seen.draws,
        no_effect_share=_no_effect_share(ready.points),
        drugs=ready.drugs.words,
    )


def _responses(seen: Followed) -> tuple[Response, ...]:
    """Return the endpoints that were seen of anybody, the primary one first."""
    made = [response_of(seen, one) for one in seen.requests]
    return tuple(one for one in made if np.isfinite(one.treated.estimate + one.placebo.estimate))


def _draws(ready: Prepared, week: float) -> Points:
    people = len(ready.matched.who.patient) * len(ARMS)
    return spread_draws(
        ready.points, int(np.clip(PATIENT_WEEKS / people / week, LEAST_DRAWS, DRAWS))
    )


def _followed(ready: Prepared, draws: int, week: float) -> Enrolled:
    """Return the nearest matches, as many as are followed up to a week."""
    everybody = ready.matched.who
    most = int(2 * PATIENT_WEEKS / (draws * len(ARMS) * week))
    return everybody.rows(np.arange(min(max(most, FEWEST), len(everybody.patient))))


def _no_effect_share(points: Points | None) -> float | None:
    if points is None or NO_CELLS not in points.names:
        return None
    return float(np.mean(points.factors[:, points.names.index(NO_CELLS)] == 0))


def response_of(seen: Followed, request: EndpointRequest, given: str = TREATED) -> Response:
    """Return an endpoint under an arm with cells, beside placebo and cells without effect."""
    study, points = seen.study, seen.study.model.endpoints
    values, years = endpoint_of(study, seen.found, request)
    names, three = [arm.id for arm in study.arms], (PLACEBO, NO_EFFECT, given)
    beside = [names.index(name) for name in three]
    lost = seen.found.failed[:, beside]
    by_patient = np.moveaxis(same_people(values[:, beside], lost), 1, 2)
    people = _people(np.logical_and.reduce(~lost, axis=1))
    at_risk = None if years is None else np.moveaxis(years[:, beside], 1, 2)
    means = plain_means(by_patient, at_risk)
    samples = sampled_means(by_patient, study.seed, at_risk)
    place = {name: three.index(name) for name in three}
    arms = {name: interval_of(means[at], samples[:, at]) for name, at in place.items()}
    if request.measure == "responder":
        arms = {name: as_share(one, people) for name, one in arms.items()}
    treated, control = place[given], place[PLACEBO]
    apart = interval_of(means[treated] - means[control], samples[:, treated] - samples[:, control])
    moved = by_patient[..., treated] - by_patient[..., control]
    if request.measure == "responder":
        apart = as_difference(apart, moved)
    elif _counted(points, request.endpoint) and not np.any(np.nan_to_num(moved)):
        at_least = 1.0 if years is None else float(np.nanmean(years))
        apart = as_one_event(apart, people, at_least)
    return Response(
        endpoint_name(request.endpoint, points), request.week, request.measure,
        unit_of(request, study), arms[given], arms[PLACEBO], arms[NO_EFFECT], apart,
        request is seen.requests[0],
    )  # fmt: skip


def _people(there: NDArray[np.bool_]) -> int:
    """Return how many patients stand behind a number, the mean over draws of (draw, patient)."""
    return round(float(there.sum(axis=1).mean()))


def as_share(found: Interval, patients: int) -> Interval:
    """Return the interval of a share, no narrower than as many patients allow."""
    known = wilson(found.estimate * patients, patients)
    return Interval(found.estimate, min(found.low, known.low), max(found.high, known.high))


def as_difference(found: Interval, moved: Array) -> Interval:
    """Return the interval of a paired difference, no narrower than as many patients allow.

    Those who respond under one arm alone are counted as shares, and added as squares: that nobody
    among few differs does not mean that nobody does.

    Parameters
    ----------
    moved : (draw, patient) 1, 0 or -1; not-a-number where left out.
    """
    there = ~np.isnan(moved)
    patients = _people(there)
    if not patients:
        return found
    gained, lost = (
        wilson(float(np.mean(moved[there] == side)) * patients, patients) for side in (1, -1)
    )
    middle = gained.estimate - lost.estimate
    low = middle - np.hypot(gained.estimate - gained.low, lost.high - lost.estimate)
    high = middle + np.hypot(gained.high - gained.estimate, lost.estimate - lost.low)
    return Interval(found.estimate, min(found.low, float(low)), max(found.high, float(high)))


def _counted(points: Endpoints, name: str) -> bool:
    """Whether an endpoint counts events or lesions, so that few patients may show no difference."""
    return any(one.id == name and one.scale in ("events", "count") for one in points.components)


def as_one_event(found: Interval, patients: int, years: float) -> Interval:
    """Return the interval of a difference where nobody differs at all: counts of events.

    As many patients as Wilson's interval allows may differ, each by one event in ``years``.
    """
    most = wilson(0.0, patients).high / years
    return Interval(found.estimate, min(found.low, -most), max(found.high, most))


def endpoint_of(
    study: Study, found: Observed, request: EndpointRequest
) -> tuple[Array, Array | None]:
    """Return an endpoint after intercurrent events, (draw, arm, patient), and years of a rate."""
    how = handling(request, study.protocol.estimand, study.model.endpoints)
    weeks, table = study.protocol.visits.weeks, found.tables[request.endpoint]
    if request.measure == "rate":
        count, years = event_counts(table, weeks, found.events, how)
        return np.where(found.failed, np.nan, count), years
    values = endpoint_values(table, weeks, found.events, how)
    return np.where(found.failed, np.nan, values), None


def unit_of(request: EndpointRequest, study: Study) -> str:
    """Return the unit of an endpoint as it is measured."""
    if request.measure == "responder":
        return "share of virtual patients"
    if request.measure == "rate":
        return "events a year"
    return study.model.endpoints.number(request.endpoint).unit


def years_weeks() -> tuple[float, ...]:
    """Return the weeks at which three years are looked at."""
    last = THREE_YEARS_DAY / DAYS_PER_WEEK
    return (*np.arange(0, last, EVERY_WEEK).tolist(), last)


def _over_years(ready: Prepared) -> tuple[tuple[ScoreBand, ...], tuple[AveragedEffect, ...]]:
    """Return the main score over three years, and its benefit averaged over them."""
    if ready.score is None:
        return (), ()
    weeks = years_weeks()
    draws = spread_draws(ready.points, LONG_DRAWS)
    everybody = ready.matched.who
    who = everybody.rows(np.arange(min(LONG_PATIENTS, len(everybody.patient))))
    values = true_scores(ready.study, who, draws, weeks, [ready.score], ready.threads)[..., 0]
    values = same_people(values, np.isnan(values.sum(axis=-1)))
    item = ready.study.model.endpoints.number(ready.score)
    spreads = {name: _spread(values[:, place]) for place, name in enumerate(ARMS)}
    name = short_name(ready.score, ready.study.model.endpoints)
    band = ScoreBand(name, item.unit, weeks, spreads[TREATED], spreads[PLACEBO], spreads[NO_EFFECT])
    return (band,), (_averaged(ready, values, weeks, name, item.unit),)


def _averaged(
    ready: Prepared, values: Array, weeks: Sequence[float], name: str, unit: str
) -> AveragedEffect:
    points = ready.study.model.endpoints
    assert ready.score is not None
    sign = -1.0 if better(ready.score, points) == "lower" else 1.0
    time = np.asarray(weeks)
    over = np.trapezoid(values, time, axis=-1) / time[-1]
    found = {
        arm: _benefit(sign * (over[:, ARMS.index(arm)] - over[:, 0]), ready.study.seed)
        for arm in (TREATED, NO_EFFECT)
    }
    return AveragedEffect(
        f"{name}, benefit against placebo", YEARS, unit, found[TREATED], found[NO_EFFECT]
    )


def _benefit(values: Array, seed: int) -> Interval:
    return interval_of(float(plain_means(values)), sampled_means(values, seed))


def _spread(values: Array) -> Spread:
    """Return the median over draws and patients of (draw, patient, week), and 80 % of them."""
    flat = values.reshape(-1, values.shape[-1])
    low, middle, high = np.nanquantile(flat, [0.1, 0.5, 0.9], axis=0)
    return Spread(*(tuple(one.tolist()) for one in (middle, low, high)))


def _warnings(ready: Prepared, found: Observed) -> tuple[str, ...]:
    words: list[str] = []
    if ready.matched.level is None:
        words.append(
            "Too few virtual patients of the pool are near this consultation: those who are"
            " followed differ from it, see the table of matches."
        )
    elif ready.matched.level == len(LEVELS) - 1:
        words.append("The tolerances of matching were widened as far as they go, sex included.")
    if not ready.matched.severe:
        words.append(
            "The consultation gives no number of severity that the model knows: the matches are"
            " patients of the pool at large."
        )
    if ready.points is None:
        words.append("This disease has no posterior: the library's values stand in for its draws.")
    if any(any(one.product for one in rule.action.give) for rule in ready.trial.protocol.rules):
        words.append(
            "Doses that rules give on response are in the prediction up to the primary endpoint,"
            " not in the course over three years."
        )
    lost = found.failed[:, : len(ARMS)].any(axis=1)
    if lost.any():
        words.append(
            f"{int(lost.any(axis=0).sum())} of the matches were not solved under every draw: they"
            f" are left out of all arms there, {lost.sum()} of {lost.size} times."
        )
    return tuple(words)
