"""Targeted drugs of a trial beside their published effects: the pharmacology gate, row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from funis.analysis import PharmacologyRow, Results, pharmacology_rows
from funis.evidence import Evidence, extra_value
from funis.models import Model
from funis.models.endpoints import Endpoints
from funis.pipeline.drugs import brand_classes, class_of, classes_in
from funis.protocol import EndpointRequest
from funis.report.content import DrugGateRow, Interval, Verdict

NEAR_WEEK = 2.0
"""A visit at most this far from a published week stands for it [week] (assumed)."""

NULLS: Mapping[str, float] = {"odds_ratio": 1.0, "rate_ratio": 1.0, "hazard_ratio": 1.0}
"""Effect that is none, by scale; 0 where it is not listed."""

LOG_SCALES = ("rate_ratio", "hazard_ratio")
"""Scales on which a share of an effect is a share of its logarithm."""

POINT_SHARE = 0.5
"""A published effect without an interval is met within this share of itself (assumed)."""


@dataclass(frozen=True, slots=True)
class DrugEffect:
    """One published effect of a class of drugs, in our units, at a visit of a trial.

    ``scale`` is that of the gate row; a class range stands in ``low`` and ``high`` alone.
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

    @property
    def sign(self) -> float:
        """1 where a rise of the effect is a benefit, -1 where a fall is."""
        return 1.0 if self.better == "higher" else -1.0


def drug_effects(
    evidence: Evidence, model: Model, drugs: Sequence[str], weeks: Sequence[float]
) -> tuple[DrugEffect, ...]:
    """Return the published effects of some drugs that a trial with these visits can meet."""
    visits = [week for week in weeks if week > 0]
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
    simulated = _simulated(effect, results, arm, reference)
    given = model.input(effect.drug)
    return DrugGateRow(
        drug=effect.drug if given is None else given.description,
        measure=measure_text(effect, model.endpoints),
        source=effect.study,
        simulated=simulated,
        published=Interval(effect.effect, effect.low, effect.high),
        verdict=judge(effect, simulated),
        percent=effect.scale == "risk_difference_pp",
        null=1.0 if effect.scale in LOG_SCALES else None,
        note="; ".join(part for part in (effect.tier.replace("_", " "), effect.note) if part),
    )


def judge(effect: DrugEffect, simulated: Interval) -> Verdict:
    """Judge sign and size of a simulated effect.

    ``direction_only`` asks for the sign, ``hard`` for the size too: the intervals overlap, or,
    where none was printed, the simulated one reaches within half of the published effect. The
    other tiers are a guide.
    """
    if effect.tier not in ("hard", "direction_only"):
        return "guide"
    if simulated.estimate is None or simulated.low is None or simulated.high is None:
        return ""
    right = _right_sign(effect, simulated, NULLS.get(effect.scale, 0.0))
    if effect.tier == "direction_only" or not right:
        return "passed" if right else "failed"
    low, high = _limits(effect)
    return "passed" if simulated.low <= high and simulated.high >= low else "failed"


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


def _right_sign(effect: DrugEffect, simulated: Interval, none: float) -> bool:
    assert simulated.estimate is not None
    towards = effect.sign * (simulated.estimate - none)
    if effect.direction == "none":
        return (simulated.low or 0.0) <= none <= (simulated.high or 0.0)
    return towards > 0 if effect.direction == "benefit" else towards < 0


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
    row: PharmacologyRow, evidence: Evidence, model: Model, visits: Sequence[float]
) -> Iterator[DrugEffect]:
    gate = row.gate
    if row.endpoint is None or gate.week is None or not visits:
        return
    week = min(visits, key=lambda other: abs(other - gate.week))  # type: ignore[operator]
    suits = row.measure in model.endpoints.measures(row.endpoint)
    if abs(week - gate.week) > NEAR_WEEK or not suits:
        return
    request = EndpointRequest(row.endpoint, week, row.measure, "exploratory")
    note = "" if week == gate.week else f"published at week {gate.week:g}"
    single = class_of(gate.mechanism, model)
    for drug in (single,) if single is not None else classes_in(gate.mechanism, model):
        own = None if single is not None else _own_effect(row, drug, evidence, model)
        effect = row.effect if own is None else own
        low, high = (row.low, row.high) if own is None else (None, None)
        words = f"{note}; class range" if single is None and own is None else note
        yield DrugEffect(
            drug, gate.study, request, gate.scale, gate.tier, gate.direction, gate.better,
            effect, low, high, words.strip("; "),
        )  # fmt: skip


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
    found = results.contrast(arm, effect.request.key)
    return _finite(found.estimate, found.low, found.high)


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
