"""`funis plan --compare`: alternatives side by side in the stratum of a consultation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.optimise.events import expected_events
from funis.pipeline.optimise.judge import NEGLIGIBLE, Verdict, judge
from funis.pipeline.optimise.plan import SHAPES
from funis.pipeline.optimise.words import FORMS
from funis.pipeline.planning.alternatives import (
    Offered,
    cells_million,
    doses_by_route,
    offered,
)
from funis.pipeline.planning.events import drawn_rates
from funis.pipeline.planning.following import (
    LOW,
    SAMPLES,
    interval_of,
    observed,
    plain_means,
    same_people,
    sampled_means,
    spread_draws,
    true_scores,
)
from funis.pipeline.planning.predict import Prepared, endpoint_of, unit_of
from funis.pipeline.planning.setting import PLACEBO, plan_requests, regimen_arm
from funis.pipeline.reporting.endpoints import better, endpoint_name, short_name
from funis.plan import Alternative, Comparison, Interval
from funis.protocol import ALL, Arm, Protocol, Rule, Structure, library_structures
from funis.safety import library_safety
from funis.trial import Study
from funis.trial.study import products_of

Array = NDArray[np.float64]

PATIENTS = 16
DRAWS = 16
"""Matches and draws: with fewer draws a small share without effect would not be among them."""

HORIZON_WEEK = 104.0
EVERY_WEEK = 4.0
NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What alternatives do against no cells in one setting; more is better.

    ``response`` and ``course`` are (candidate,) means, the others (draw, sample, candidate).
    """

    response: Array
    response_samples: Array
    course: Array | None
    course_samples: Array | None


def compared(ready: Prepared, horizon_week: float = HORIZON_WEEK) -> Comparison:
    """Set the alternatives of the library side by side for the stratum of a consultation.

    The same matches are followed under every alternative, draw and dose shape, so differences are
    paired. What cannot be told apart is said to be so; nothing is chosen for anybody.
    """
    request = plan_requests(ready.trial.protocol)[0]
    horizon = max(horizon_week, request.week)
    choices = offered(ready.chosen, horizon)
    seen = [_seen(ready, choices, horizon, library_structures()[name]) for name in SHAPES]
    by_course = seen[0].course_samples is not None
    judged = [one.course_samples if by_course else one.response_samples for one in seen]
    verdict = judge([one for one in judged if one is not None], _floor(ready, by_course), LOW)
    rows = tuple(
        _alternative(ready, one, place, seen, verdict, horizon) for place, one in enumerate(choices)
    )
    points, people = ready.study.model.endpoints, _people(ready)
    return Comparison(
        stratum=ready.matched.words,
        answer=_answer(choices, verdict),
        response=f"{endpoint_name(request.endpoint, points)} at week {request.week:g}, benefit"
        f" against no cells ({unit_of(request, ready.study)})",
        course=_course_words(ready, horizon),
        n_patients=people,
        draws=len(spread_draws(ready.points, DRAWS)),
        horizon_week=horizon,
        settings=tuple(f"{FORMS[name]} dose response" for name in SHAPES),
        alternatives=tuple(sorted(rows, key=lambda one: -(one.course or one.response).estimate)),
        caveats=_caveats(ready, choices, rows),
        response_is_share=request.measure == "responder",
    )


def _people(ready: Prepared) -> int:
    return min(PATIENTS, len(ready.matched.who.patient))


def _floor(ready: Prepared, by_course: bool) -> float:
    """Return the difference up to which alternatives are alike: a trace of what is important."""
    if ready.score is None or not by_course:
        return 0.0
    important = ready.study.model.endpoints.number(ready.score).minimal_important_difference
    return NEGLIGIBLE * float(important or 0.0)


def _seen(ready: Prepared, choices: Sequence[Offered], horizon: float, shape: Structure) -> _Seen:
    study = _study(ready, choices, shape)
    who = ready.matched.who.rows(np.arange(_people(ready)))
    points = spread_draws(ready.points, DRAWS)
    request = study.protocol.endpoints[0]
    found = observed(study, who, points, [request.endpoint], ready.threads)
    values, years = endpoint_of(study, found, request)
    up = 1.0 if better(request.endpoint, study.model.endpoints) == "higher" else -1.0
    per = values if years is None else values / years
    response = _against_none(up * same_people(per, found.failed))
    course = _over_time(ready, study, horizon)
    return _Seen(
        plain_means(response), _samples(ready, response),
        None if course is None else plain_means(course),
        None if course is None else _samples(ready, course),
    )  # fmt: skip


def _study(ready: Prepared, choices: Sequence[Offered], shape: Structure) -> Study:
    """Return the study with no cells and every alternative as an arm, under one dose shape."""
    protocol = ready.study.protocol
    nothing = protocol.arm(PLACEBO)
    arms = [nothing]
    for place, one in enumerate(choices):
        arm = regimen_arm(
            f"choice_{place}", one.label, one.arm, nothing.interventions, one.arm.scenario
        )
        arms.append(replace(arm, structures=_unshaped(arm.structures)))
    assert protocol.success is not None
    success = replace(protocol.success, arms=tuple(arm.id for arm in arms[1:]))
    changed = replace(
        protocol, arms=tuple(arms), success=success, endpoints=protocol.endpoints[:1],
        rules=_shared_rules(protocol), structures=(*_unshaped(protocol.structures), shape),
    )  # fmt: skip
    return replace(ready.study, protocol=changed)


def _unshaped(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Return structures but those of the dose response."""
    shaped = {name for shape in SHAPES for name in library_structures()[shape].parameters}
    return tuple(one for one in structures if not shaped & set(one.parameters))


def _shared_rules(protocol: Protocol) -> tuple[Rule, ...]:
    """Return the rules that hold for every arm: those of one arm are no part of a regimen."""
    return tuple(rule for rule in protocol.rules if rule.arms == (ALL,))


def _against_none(values: Array) -> Array:
    """Return alternatives minus no cells, (draw, patient, candidate)."""
    return np.moveaxis(values[:, 1:] - values[:, :1], 1, 2)


def _over_time(ready: Prepared, study: Study, horizon: float) -> Array | None:
    """Return the benefit in the main score averaged up to the horizon."""
    if ready.score is None:
        return None
    weeks = np.arange(0.0, horizon + EVERY_WEEK / 2, EVERY_WEEK)
    who = ready.matched.who.rows(np.arange(_people(ready)))
    points = spread_draws(ready.points, DRAWS)
    sign = -1.0 if better(ready.score, study.model.endpoints) == "lower" else 1.0
    values = true_scores(study, who, points, weeks.tolist(), [ready.score], ready.threads)[..., 0]
    values = same_people(values, np.isnan(values.sum(axis=-1)))
    return _against_none(sign * np.trapezoid(values, weeks, axis=-1) / weeks[-1])


def _samples(ready: Prepared, values: Array) -> Array:
    found = sampled_means(values, ready.study.seed)
    return found.reshape(len(values), SAMPLES, values.shape[-1])


def _alternative(
    ready: Prepared, one: Offered, place: int, seen: Sequence[_Seen], verdict: Verdict,
    horizon: float,
) -> Alternative:  # fmt: skip
    routes = doses_by_route(one.arm, horizon)
    weight = float(np.mean(ready.matched.who.covariate("weight")))
    response = _pooled([s.response[place] for s in seen], [s.response_samples for s in seen], place)
    courses = [s.course for s in seen if s.course is not None]
    samples = [s.course_samples for s in seen if s.course_samples is not None]
    return Alternative(
        id=one.id, label=_label(ready, one), kind=one.kind, route=" and ".join(routes),
        cells_million=cells_million(one.arm, horizon, weight), infusions=sum(routes.values()),
        response=response,
        course=_pooled([c[place] for c in courses], samples, place) if courses else None,
        events=_events(ready, routes), alike=place in verdict.alike, source=one.source,
    )  # fmt: skip


def _pooled(means: Sequence[float], samples: Sequence[Array], place: int) -> Interval:
    return interval_of(
        float(np.mean(means)), np.concatenate([one[..., place].ravel() for one in samples])
    )


def _events(ready: Prepared, routes: Mapping[str, int]) -> Interval | None:
    """Return the adverse events that follow the doses of one patient; None if nothing is known."""
    safety = library_safety()
    rates = drawn_rates(safety, ready.study.model.id, ready.study.seed)
    totals = np.array(
        [
            sum(expected_events(safety, one, route, n) for route, n in routes.items())
            for one in rates
        ]
    )
    return None if np.isnan(totals).any() else interval_of(float(totals.mean()), totals)


def _course_words(ready: Prepared, horizon: float) -> str:
    if ready.score is None:
        return "no score of this disease has an important difference: the response decides"
    points = ready.study.model.endpoints
    unit = points.number(ready.score).unit
    return (
        f"{short_name(ready.score, points)}, mean benefit over {horizon:g} weeks against no cells"
        f" ({unit})"
    )


def _answer(choices: Sequence[Offered], verdict: Verdict) -> str:
    """Return whether the alternatives can be told apart, in words."""
    every = f"in every dose shape ({', '.join(FORMS[name] for name in SHAPES)})"
    if verdict.optimum is not None:
        best = choices[verdict.optimum]
        return (
            f"In this stratum the simulated effect of {best.label} ({best.id}) is larger than that"
            f" of every other alternative and of no cells {every}, by the 95 % interval of the"
            " paired difference."
        )
    if not verdict.alike:
        return f"No alternative can be told from no cells {every}."
    names = [f"{choices[place].label} ({choices[place].id})" for place in verdict.alike]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    line = (
        f"The alternatives cannot be told apart: {len(names)} of {len(choices)} remain after the"
        f" paired differences; the 95 % interval of their differences holds 0 in at least one dose"
        f" shape. These are {'; '.join(names[:NAMED])}{more}."
    )
    if len(names) == 1:
        line = f"Of {len(choices)} alternatives {names[0]} does most {every}, yet"
        return f"{line} it cannot be told from no cells."
    return f"{line} Nor can no cells be told apart from them." if verdict.no_cells_stands else line


def _caveats(
    ready: Prepared, choices: Sequence[Offered], rows: Sequence[Alternative]
) -> tuple[str, ...]:
    found = [
        "Arms are compared for a stratum of virtual patients, never for a person.",
        "Adverse events follow from route and number of doses, for no data tie them to the number"
        " of cells; each counts the same, whatever its grade.",
        "Response-driven doses are not given: every alternative is its fixed schedule.",
    ]
    if len(_tissues(ready, *(one.arm for one in choices))) > 1:
        found.append(
            "Cells of every tissue have the same potency here: what differs between tissues is not"
            " known well enough to be simulated."
        )
    if any(row.events is None for row in rows):
        found.append("Of a route without an event count nothing is known of adverse events.")
    if ready.points is None:
        found.append("This disease has no posterior: the library's values stand in for its draws.")
    return tuple(found)


def _label(ready: Prepared, one: Offered) -> str:
    """Return an alternative in words, with its tissue where it is not that of the plan."""
    own, other = _tissues(ready, ready.chosen.arm), _tissues(ready, one.arm)
    named = ", ".join(sorted(name.replace("_", " ") for name in other - own))
    return f"{one.label} ({named})" if named else one.label


def _tissues(ready: Prepared, *arms: Arm) -> set[str]:
    """Return the tissues that the cells of some arms are of."""
    names = {name for arm in arms for name in products_of(arm, ())}
    known = ready.study.products
    return {str(known[name].tissue) for name in names if name in known}
