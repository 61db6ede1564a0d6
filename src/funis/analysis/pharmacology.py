"""Drug effects that the immune core has to reproduce, beside our names of endpoints."""

from dataclasses import dataclass

from funis.evidence import Evidence, GateRow, Study
from funis.models.endpoints import Endpoints

SHARES = frozenset({"risk_difference_pp"})
"""Scales of gate effects that are percentage points."""


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
        responder | change | value.
    effect, low, high : float or None
        Active minus control in our units (differences of proportions from -1 to 1); ratios as
        they are. A class range stands in ``low`` and ``high`` without an ``effect``.
    arm_value, reference_value : float or None
        What was published of the two arms: proportions from 0 to 1, or means.
    """

    gate: GateRow
    endpoint: str | None
    measure: str
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
    factor = 0.01 if gate.scale in SHARES else 1.0 if name is None else name.factor
    limits = gate.ci95 or gate.effect_range
    return PharmacologyRow(
        gate=gate,
        endpoint=gate.endpoint if name is None else name.endpoint,
        measure="change" if gate.scale == "mean_difference" else "responder",
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
