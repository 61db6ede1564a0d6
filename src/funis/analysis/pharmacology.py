"""Drug effects that the immune core has to reproduce, beside our names of endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass

from funis.evidence import Evidence, GateRow, Study
from funis.models.endpoints import Endpoints
from funis.protocol import Measure

SHARES = frozenset({"risk_difference_pp"})
"""Scales of gate effects that are percentage points."""

UNITLESS = frozenset({"odds_ratio", "rate_ratio", "hazard_ratio", "percent_difference"})
"""Scales of gate effects that are the same in any unit."""

MEASURES: Mapping[str, Measure] = {
    "mean_difference": "change",
    "percent_difference": "value",
    "rate_ratio": "rate",
}
"""What is measured, by the scale of the effect; responders where it is not listed."""


@dataclass(frozen=True, slots=True)
class PharmacologyRow:
    """One gate row in our units.

    Attributes
    ----------
    gate : GateRow
        As published.
    endpoint : str or None
        Our name; none where the disease does not have it.
    measure : str
        responder | change | value | rate.
    effect, low, high : float or None
        Active minus control in our units (differences of proportions from -1 to 1); ratios and
        percentages as they are. A class range stands in ``low`` and ``high`` without an ``effect``.
    arm_value, reference_value : float or None
        What was published of the two arms: proportions from 0 to 1, or means.
    """

    gate: GateRow
    endpoint: str | None
    measure: Measure
    effect: float | None
    low: float | None
    high: float | None
    arm_value: float | None
    reference_value: float | None


def pharmacology_rows(
    evidence: Evidence, endpoints: Endpoints | None = None
) -> tuple[PharmacologyRow, ...]:
    """Gate rows of a disease, in the order of the file.

    Parameters
    ----------
    evidence
        Of the disease.
    endpoints
        Of the disease, to translate published names; published names stay without it.
    """
    return tuple(_row(gate, evidence.study(gate.study), endpoints) for gate in evidence.gates)


def _row(gate: GateRow, study: Study, endpoints: Endpoints | None) -> PharmacologyRow:
    name = None
    if endpoints is not None and gate.endpoint is not None:
        name = endpoints.evidence_name(gate.endpoint)
    factor = 0.01 if gate.scale in SHARES else 1.0
    if name is not None and gate.scale not in SHARES | UNITLESS:
        factor = name.factor
    limits = gate.ci95 or gate.effect_range
    return PharmacologyRow(
        gate=gate,
        endpoint=gate.endpoint if name is None else name.endpoint,
        measure=MEASURES.get(gate.scale, "responder"),
        effect=None if gate.effect is None else factor * gate.effect,
        low=None if limits is None else factor * min(limits),
        high=None if limits is None else factor * max(limits),
        arm_value=_published(study, gate, gate.arm),
        reference_value=_published(study, gate, gate.reference),
    )


def _published(study: Study, gate: GateRow, arm: str | None) -> float | None:
    for outcome in study.outcomes:
        if (outcome.arm, outcome.endpoint, outcome.week) == (arm, gate.endpoint, gate.week):
            return outcome.mean if outcome.proportion is None else outcome.proportion
    return None
