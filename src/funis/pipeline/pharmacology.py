"""Targeted drugs of a trial beside their published effects: the pharmacology gate, row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from funis.analysis import PharmacologyRow, Results, pharmacology_rows
from funis.evidence import Evidence, Study, extra_value
from funis.models import Model
from funis.models.endpoints import Endpoints
from funis.pipeline.drugs import brand_classes, class_of, classes_in
from funis.pipeline.targets import library_trial
from funis.protocol import EndpointRequest
from funis.report.content import DrugGateRow, Interval, Verdict

NEAR_WEEK = 2.0
"""A visit at most this far from a published week stands for it [week] (assumed)."""

JUDGED = ("hard", "soft", "direction_only")
"""Tiers whose direction is judged; that of ``hard`` rows with the size."""

RATIOS = frozenset({"odds_ratio", "rate_ratio", "hazard_ratio"})
"""Scales on which 1 is no effect."""

LOG_SCALES = ("rate_ratio", "hazard_ratio")
"""Scales on which a share of an effect is a share of its logarithm."""

POINT_SHARE = 0.5
"""A published effect without an interval is met within this share of itself (assumed)."""


@dataclass(frozen=True, slots=True)
class DrugEffect:
    """One published effect of a class of drugs, in our units, at a visit of a trial.

    ``scale`` is that of the gate row; a class range stands in ``low`` and ``high`` alone. ``trial``
    names the library's trial whose patients it is judged in, ``compared_with`` the drug of the
    reference where that was no placebo, ``sizes`` are the patients of the two published arms.
    """

    drug: str
    study: str
    request: EndpointRequest
    scale: str
    tier: str
    direction: str
    better: str
    effect: float | None
    low: float | None
    high: float | None
    note: str
    trial: str | None = None
    compared_with: str | None = None
    sizes: tuple[int | None, int | None] = (None, None)

    @property
    def sign(self) -> float:
        """1 where a rise of the effect is a benefit, -1 where a fall is."""
        return 1.0 if self.better == "higher" else -1.0


def drug_effects(
    evidence: Evidence, model: Model, drugs: Sequence[str], weeks: Sequence[float] | None = None
) -> tuple[DrugEffect, ...]:
    """Return the published effects of some drugs that a trial with these visits can meet.

    Without ``weeks`` every effect stands at the week at which it was published.
    """
    visits = None if weeks is None else [week for week in weeks if week > 0]
    rows = pharmacology_rows(evidence, model.endpoints)
    found = [
        effect
        for row in rows
        for effect in _effects(row, evidence, model, visits)
        if effect.drug in drugs
    ]
    return tuple(sorted(found, key=lambda effect: drugs.index(effect.drug)))


def gate_row(
    effect: DrugEffect, results: Results, arm: str, reference: str, model: Model
) -> DrugGateRow:
    """Return one published effect beside the same effect of an arm of a trial."""
    simulated = _simulated(effect, results, arm, effect.compared_with or reference)
    at_size = _at_size(effect, simulated, results.n.get(arm, 0))
    given = model.input(effect.drug)
    return DrugGateRow(
        drug=effect.drug if given is None else given.description,
        measure=measure_text(effect, model.endpoints),
        source=effect.study,
        simulated=simulated,
        published=Interval(effect.effect, effect.low, effect.high),
        verdict=judge(effect, simulated, at_size),
        percent=effect.scale == "risk_difference_pp",
        null=1.0 if effect.scale in LOG_SCALES else None,
        note="; ".join(part for part in (effect.tier.replace("_", " "), effect.note) if part),
        at_size=at_size,
        tier=effect.tier,
    )


def judge(effect: DrugEffect, simulated: Interval, at_size: Interval) -> Verdict:
    """Judge direction and size of a simulated effect.

    Every tier but ``context`` asks for the direction. ``hard`` asks for the size too: the estimate
    lies in the published interval or, where none was printed, within half of the published effect.
    """
    if effect.tier not in JUDGED:
        return "guide"
    if simulated.estimate is None or simulated.low is None or simulated.high is None:
        return ""
    if not _right_direction(effect, simulated, at_size):
        return "failed"
    return "size" if effect.tier == "hard" and not _right_size(effect, simulated) else "passed"


def measure_text(effect: DrugEffect, endpoints: Endpoints) -> str:
    """Return what was measured, in words."""
    kinds = {
        "risk_difference_pp": "difference in proportions",
        "mean_difference": "difference in means",
        "odds_ratio": "odds ratio",
        "rate_ratio": "rate ratio",
        "hazard_ratio": "hazard ratio",
        "percent_difference": "difference of means in percent",
    }
    name = effect.request.endpoint.replace("_", "-")
    change = " change" if effect.request.measure == "change" else ""
    kind = kinds.get(effect.scale, effect.scale.replace("_", " "))
    return f"{name}{change}, week {effect.request.week:g}, {kind}"


def _right_direction(effect: DrugEffect, simulated: Interval, at_size: Interval) -> bool:
    """Return whether benefit, harm or none comes out as published.

    None: the estimate lies in the published interval, else the interval that a trial of the
    published size would give holds no effect.
    """
    none = 1.0 if effect.scale in RATIOS else 0.0
    assert simulated.estimate is not None
    if effect.direction == "none":
        if effect.low is not None and effect.high is not None:
            return effect.low <= simulated.estimate <= effect.high
        shown = simulated if at_size.low is None else at_size
        return (shown.low or 0.0) <= none <= (shown.high or 0.0)
    towards = effect.sign * (simulated.estimate - none)
    return towards > 0 if effect.direction == "benefit" else towards < 0


def _right_size(effect: DrugEffect, simulated: Interval) -> bool:
    if effect.effect is None and effect.low is None:
        return True
    low, high = _limits(effect)
    assert simulated.estimate is not None
    return low <= simulated.estimate <= high


def _at_size(effect: DrugEffect, simulated: Interval, patients: int) -> Interval:
    """Return the interval that arms of the published sizes would give around the estimate."""
    known = (simulated.estimate, simulated.low, simulated.high)
    first, second = effect.sizes
    if None in known or not first or not second or not patients:
        return Interval(None, None, None)
    wider = math.sqrt((1 / first + 1 / second) / (2 / patients))
    ratio = effect.scale in RATIOS
    estimate, low, high = (math.log(x or 1.0) if ratio else (x or 0.0) for x in known)
    limits = (estimate - wider * (estimate - low), estimate + wider * (high - estimate))
    return Interval(known[0], *(math.exp(x) if ratio else x for x in limits))


def _limits(effect: DrugEffect) -> tuple[float, float]:
    if effect.low is not None and effect.high is not None:
        return effect.low, effect.high
    size = effect.effect or 0.0
    if effect.scale in LOG_SCALES and size > 0:
        low, high = sorted((size ** (1 - POINT_SHARE), size ** (1 + POINT_SHARE)))
        return low, high
    low, high = sorted((size * (1 - POINT_SHARE), size * (1 + POINT_SHARE)))
    return low, high


def _effects(
    row: PharmacologyRow, evidence: Evidence, model: Model, visits: Sequence[float] | None
) -> Iterator[DrugEffect]:
    gate = row.gate
    week = None if gate.week is None else _visit(gate.week, visits)
    if row.endpoint is None or week is None:
        return
    if row.measure not in model.endpoints.measures(row.endpoint):
        return
    request = EndpointRequest(row.endpoint, week, row.measure, "exploratory")
    note = "" if week == gate.week else f"published at week {gate.week:g}"
    single = class_of(gate.mechanism, model)
    for drug in (single,) if single is not None else classes_in(gate.mechanism, model):
        own = None if single is not None else _own_effect(row, drug, evidence, model)
        effect = row.effect if own is None else own
        low, high = (row.low, row.high) if own is None else (None, None)
        words = f"{note}; class range" if single is None and own is None else note
        other = extra_value(gate.extra, "reference_drug")
        yield DrugEffect(
            drug, gate.study, request, gate.scale, gate.tier, gate.direction, gate.better,
            effect, low, high, words.strip("; "),
            trial=library_trial(gate.trial, model.id),
            compared_with=other if isinstance(other, str) else None,
            sizes=_sizes(evidence.study(gate.study), gate.arm, gate.reference),
        )  # fmt: skip


def _visit(week: float, visits: Sequence[float] | None) -> float | None:
    """Return the visit that stands for a published week, none where it is too far away."""
    if visits is None:
        return week
    nearest = min(visits, key=lambda other: abs(other - week), default=None)
    return None if nearest is None or abs(nearest - week) > NEAR_WEEK else nearest


def _sizes(study: Study, arm: str | None, reference: str | None) -> tuple[int | None, int | None]:
    """Return the patients of two published arms, where they are known."""
    arms = [study.arm(name) if name else None for name in (arm, reference)]
    first, second = (None if found is None else found.n for found in arms)
    return first, second


def _own_effect(row: PharmacologyRow, drug: str, evidence: Evidence, model: Model) -> float | None:
    """Return the effect that a mixture prints for a drug by itself, ``effect_<drug>``."""
    for brand, name in brand_classes(evidence, model).items():
        value = extra_value(row.gate.extra, f"effect_{brand}")
        if name == drug and isinstance(value, int | float):
            return float(value)
    return None


def _simulated(effect: DrugEffect, results: Results, arm: str, reference: str) -> Interval:
    if effect.scale == "odds_ratio":
        return _odds_ratio(effect, results, arm, reference)
    if effect.scale == "hazard_ratio":
        return _hazard_ratio(effect, results, arm, reference)
    if effect.scale == "percent_difference":
        return _percent_difference(effect, results, arm, reference)
    if effect.compared_with is not None:
        return _between(effect, results, arm, reference)
    found = results.contrast(arm, effect.request.key)
    return _finite(found.estimate, found.low, found.high)


def _between(effect: DrugEffect, results: Results, arm: str, other: str) -> Interval:
    """Return a difference or ratio of two arms of which none is the reference of the trial.

    Half-widths of the two arms' own intervals are added in quadrature, of ratios on the log scale.
    """
    first, second = (results.estimate(name, effect.request.key) for name in (arm, other))
    if effect.scale not in LOG_SCALES:
        halves = [(one.high - one.low) / 2 for one in (first, second)]
        found, half = first.estimate - second.estimate, math.hypot(*halves)
        return _finite(found, found - half, found + half)
    if not (first.low > 0 and second.low > 0):
        return Interval(None, None, None)
    logs = [math.log(one.high / one.low) / 2 for one in (first, second)]
    ratio, factor = first.estimate / second.estimate, math.exp(math.hypot(*logs))
    return _finite(ratio, ratio / factor, ratio * factor)


def _odds_ratio(effect: DrugEffect, results: Results, arm: str, reference: str) -> Interval:
    """Return the odds ratio and its log-scale interval, half a patient added to each cell."""
    first, second = (results.estimate(name, effect.request.key) for name in (arm, reference))
    cells = [
        count + 0.5
        for one in (first, second)
        for count in (one.estimate * one.n, (1 - one.estimate) * one.n)
    ]
    if any(math.isnan(cell) for cell in cells):
        return Interval(None, None, None)
    log = math.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    half = 1.96 * math.sqrt(sum(1 / cell for cell in cells))
    return _finite(math.exp(log), math.exp(log - half), math.exp(log + half))


def _hazard_ratio(effect: DrugEffect, results: Results, arm: str, reference: str) -> Interval:
    """Return the ratio of hazards from the shares who had the event by then (proportional hazards).

    On the complementary log-log scale, half a patient added to those with and without the event.
    """
    logs, variance = [], 0.0
    for name in (arm, reference):
        one = results.estimate(name, effect.request.key)
        if math.isnan(one.estimate):
            return Interval(None, None, None)
        n = one.n + 1
        share = (one.estimate * one.n + 0.5) / n
        hazard = -math.log1p(-share)
        logs.append(math.log(hazard))
        variance += share / (n * (1 - share) * hazard**2)
    log, half = logs[0] - logs[1], 1.96 * math.sqrt(variance)
    return _finite(math.exp(log), math.exp(log - half), math.exp(log + half))


def _percent_difference(effect: DrugEffect, results: Results, arm: str, reference: str) -> Interval:
    """Return what a mean lies above another in percent; the interval is that of their log ratio."""
    first, second = (results.estimate(name, effect.request.key) for name in (arm, reference))
    if not (first.estimate > 0 and second.estimate > 0):
        return Interval(None, None, None)
    shares = [(one.high - one.low) / (2 * one.estimate) for one in (first, second)]
    ratio, factor = first.estimate / second.estimate, math.exp(math.hypot(*shares))
    return _finite(*(100 * (x - 1) for x in (ratio, ratio / factor, ratio * factor)))


def _finite(*values: float) -> Interval:
    known: Callable[[float], float | None] = lambda x: x if math.isfinite(x) else None  # noqa: E731
    estimate, low, high = (known(value) for value in values)
    return Interval(estimate, low, high)
