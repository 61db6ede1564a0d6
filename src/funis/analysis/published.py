"""Published results in our names and units: nothing mixed unlabelled, nothing dropped silently."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from funis.analysis.intervals import Interval, MeanSummary, mean_interval, wilson
from funis.evidence import Arm, Evidence, EvidenceType, NaturalRow, Outcome, Study
from funis.models.endpoints import Endpoints, EvidenceName
from funis.protocol.values import Measure

Group = Literal["stromal cells", "drug", "placebo and standard care"]

UNKNOWN = "unknown"

_GROUP_ORDER = ("stromal cells", "drug", "placebo and standard care")
_TYPE_ORDER = ("randomised", "non-randomised controlled", "single-arm", "meta-analysis", "other")
_PLACEBO_SECTIONS = ("placebo_response", "standard_of_care_response")


@dataclass(frozen=True, slots=True)
class Published:
    """One published number with its interval, in our units.

    Attributes
    ----------
    group : str
        stromal cells | drug | placebo and standard care.
    evidence_type : str
        randomised | non-randomised controlled | single-arm | meta-analysis | other.
    blinding, control : str
        As published; ``unknown`` where it was not stated.
    dose, route, schedule : str
        Of one infusion; ``unknown`` where it was not stated.
    infusions : int or None
    endpoint : str
        Our name; ``measure`` is responder, change, value or rate.
    contrast : bool
        Whether the number is a difference to the control arm.
    estimate, low, high : float
        Proportions from 0 to 1; limits are not-a-number where they cannot be known.
    interval : str
        How the interval was obtained.
    target : bool
        Whether the model was set to this number.
    notes : tuple of str
        What a reader has to know beside it.
    outcome : Outcome or None
        The row as printed; a value of it times ``factor`` is in our unit.
    """

    study: str
    group: Group
    arm: str
    evidence_type: EvidenceType
    design: str
    randomised: bool
    blinding: str
    control: str
    n: int | None
    product: str
    dose: str
    route: str
    infusions: int | None
    schedule: str
    week: float
    published_name: str
    endpoint: str
    measure: Measure
    contrast: bool
    subgroup: str | None
    estimate: float
    low: float
    high: float
    interval: str
    confidence: str
    target: bool
    notes: tuple[str, ...]
    outcome: Outcome | None = None
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A published result that cannot be compared, with the reason."""

    study: str
    arm: str
    endpoint: str
    week: float | None
    reason: str


def published_results(
    evidence: Evidence, endpoints: Endpoints
) -> tuple[tuple[Published, ...], tuple[Skipped, ...]]:
    """Translate published results into our units and names; those that have none are skipped."""
    items: list[Published | Skipped] = []
    for study in (*evidence.studies, *evidence.pharmacology):
        items += [_of_outcome(study, outcome, endpoints) for outcome in study.outcomes]
    for natural in evidence.natural:
        if natural.section in _PLACEBO_SECTIONS:
            items += _of_natural(natural, endpoints)
    rows = sorted((item for item in items if isinstance(item, Published)), key=_place)
    return tuple(rows), tuple(item for item in items if isinstance(item, Skipped))


def _place(item: Published) -> tuple[object, ...]:
    types = _TYPE_ORDER.index(item.evidence_type)
    return (_GROUP_ORDER.index(item.group), types, item.study, item.endpoint, item.week, item.arm)


def _of_outcome(study: Study, outcome: Outcome, endpoints: Endpoints) -> Published | Skipped:
    name = endpoints.meaning(outcome.endpoint, outcome.kind)
    found = _number(outcome, name)
    if isinstance(found, str) or name is None or outcome.week is None:
        reason = found if isinstance(found, str) else "no week is stated"
        return Skipped(study.id, outcome.arm, outcome.endpoint, outcome.week, reason)
    arm = study.arm(outcome.arm) or Arm(outcome.arm)
    number, interval = found
    n = outcome.n if outcome.n is not None else arm.n
    return Published(
        study=study.id,
        group="stromal cells" if study.gate is None else "drug",
        arm=outcome.arm,
        evidence_type=study.evidence_type,
        design=study.design.kind,
        randomised=study.randomised,
        blinding=study.design.blinding or UNKNOWN,
        control=study.design.control or "none",
        n=n,
        product=study.product.drug or study.product.source or UNKNOWN,
        dose=_dose(arm),
        route=arm.route or UNKNOWN,
        infusions=arm.infusions,
        schedule=_schedule(arm, study),
        week=outcome.week,
        published_name=outcome.endpoint,
        endpoint=name.endpoint or "",
        measure=name.measure,
        contrast=name.contrast,
        subgroup=outcome.subgroup,
        estimate=number.estimate,
        low=number.low,
        high=number.high,
        interval=interval,
        confidence=study.confidence,
        target=False,
        notes=_notes(study, arm, outcome, name),
        outcome=outcome,
        factor=name.factor,
    )


def _number(outcome: Outcome, name: EvidenceName | None) -> tuple[Interval, str] | str:
    """Find the published number, its interval and how that was obtained, or why there is none."""
    if name is None:
        return "the outcome has no entry in evidence_names"
    if name.endpoint is None:
        return name.unrepresented or "not represented"
    if outcome.week is None:
        return "no week is stated"
    if name.measure == "responder":
        return _share(outcome)
    if outcome.mean is not None:
        return _mean(outcome, name.factor)
    limits = outcome.range
    if limits is not None and len(limits) == 2:
        low, high = sorted(name.factor * limit for limit in limits)
        return Interval((low + high) / 2, low, high), "printed range; the estimate is its middle"
    if outcome.qualitative is not None:
        return f"in words only: {outcome.qualitative}"
    return "no value in the unit of the endpoint"


def _share(outcome: Outcome) -> tuple[Interval, str] | str:
    proportion = outcome.proportion
    if proportion is None:
        if outcome.qualitative is not None:
            return f"in words only: {outcome.qualitative}"
        return "no number of patients is stated"
    if outcome.events is not None and outcome.n:
        return wilson(outcome.events, outcome.n), "Wilson, from the count"
    if outcome.ci95 is not None:
        low, high = outcome.ci95
        return Interval(proportion, low / 100, high / 100), "printed"
    return Interval(proportion, math.nan, math.nan), "none: no count is stated"


def _mean(outcome: Outcome, factor: float) -> tuple[Interval, str]:
    mean = factor * (outcome.mean or 0.0)
    if outcome.sd is not None and outcome.n:
        summary = MeanSummary(outcome.n, mean, abs(factor) * outcome.sd)
        return mean_interval(summary), "t, from the printed standard deviation"
    if outcome.ci95 is not None:
        low, high = sorted(factor * limit for limit in outcome.ci95)
        return Interval(mean, low, high), "printed"
    return Interval(mean, math.nan, math.nan), "none: no spread is stated"


def _dose(arm: Arm) -> str:
    if arm.dose is not None:
        return arm.dose
    if arm.cells_per_kg == 0 or arm.cells_per_infusion == 0:
        return "no cells"
    doses = [(arm.cells_per_infusion, "cells"), (arm.cells_per_kg, "cells/kg")]
    return " = ".join(f"{dose:.3g} {unit}" for dose, unit in doses if dose is not None) or UNKNOWN


def _schedule(arm: Arm, study: Study) -> str:
    if arm.days:
        days = ", ".join(f"{day:g}" for day in arm.days)
        if arm.infusions is None:
            return f"day {days}; number of infusions unknown"
        return f"day {days}"
    return "as in the dose" if study.gate is not None and arm.dose else UNKNOWN


def _notes(study: Study, arm: Arm, outcome: Outcome, name: EvidenceName) -> tuple[str, ...]:
    notes = ["your own study"] if study.origin == "user" else []
    schedule = UNKNOWN if arm.infusions is None and not arm.days else ""
    unknown = [
        label
        for label, text in (
            ("dose", _dose(arm)),
            ("route", arm.route or UNKNOWN),
            ("schedule", schedule),
        )
        if text == UNKNOWN
    ]
    if unknown and study.gate is None:
        notes.append(f"{', '.join(unknown)} of the cells not stated in the text that was read")
    if study.randomised and study.design.control and "NO placebo" in study.design.control:
        notes.append("randomised against another active arm, without placebo")
    extra = dict(outcome.extra)
    if extra.get("events_derived"):
        notes.append("count computed from the printed percentage")
    if extra.get("n_derived"):
        notes.append("number of patients inferred")
    notes += [text for text in (name.note, study.notes) if text]
    return tuple(notes)


def _of_natural(row: NaturalRow, endpoints: Endpoints) -> Iterator[Published | Skipped]:
    """Read a row of placebo response; a table over trials gives one for each trial."""
    if row.rows:
        for cells in row.rows:
            values = dict(cells)
            trial = str(values.get("trial", row.id))
            outcome = _natural_outcome(row, _whole(values.get("events")), _whole(values.get("n")))
            yield _of_natural_outcome(row, outcome, trial, "randomised", endpoints)
        pooled = dict(row.extra).get("pooled_simple")
        if isinstance(pooled, tuple):
            values = dict(pooled)
            outcome = _natural_outcome(row, _whole(values.get("events")), _whole(values.get("n")))
            yield _of_natural_outcome(row, outcome, "all trials", "meta-analysis", endpoints)
        return
    outcome = _natural_outcome(row, None, row.n)
    several = row.trials is not None and row.trials > 1
    kind: EvidenceType = "meta-analysis" if several else "randomised"
    if row.section != "placebo_response":
        kind = "other"
    trial = row.trial or (f"{row.trials} trials" if several else row.id)
    yield _of_natural_outcome(row, outcome, trial, kind, endpoints)


def _natural_outcome(row: NaturalRow, events: int | None, n: int | None) -> Outcome:
    return Outcome(
        arm="placebo" if row.section == "placebo_response" else "standard care",
        endpoint=row.endpoint or row.id,
        week=row.week,
        unit=row.unit,
        n=n,
        events=events,
        pct=row.pct if events is None else None,
        mean=row.mean,
        sd=row.sd,
        ci95=row.ci95 if events is None else None,
    )


def _of_natural_outcome(
    row: NaturalRow, outcome: Outcome, trial: str, kind: EvidenceType, endpoints: Endpoints
) -> Published | Skipped:
    name = endpoints.evidence_name(outcome.endpoint)
    found = _number(outcome, name)
    if isinstance(found, str) or name is None or outcome.week is None:
        reason = found if isinstance(found, str) else "no week is stated"
        return Skipped(row.id, outcome.arm, outcome.endpoint, outcome.week, reason)
    number, interval = found
    spread = row.range_across_trials_pct
    notes = [row.population or ""]
    if spread is not None and kind == "meta-analysis":
        notes.append(f"between trials {spread[0]:g} to {spread[1]:g} %")
    notes += [text for text in (name.note, row.note) if text]
    return Published(
        study=f"{row.id}: {trial}",
        group="placebo and standard care",
        arm=outcome.arm,
        evidence_type=kind,
        design=row.section,
        randomised=kind == "randomised",
        blinding=UNKNOWN,
        control="is itself a control arm",
        n=outcome.n,
        product="none",
        dose="no cells",
        route="none",
        infusions=None,
        schedule="none",
        week=outcome.week,
        published_name=outcome.endpoint,
        endpoint=name.endpoint or "",
        measure=name.measure,
        contrast=name.contrast,
        subgroup=None,
        estimate=number.estimate,
        low=number.low,
        high=number.high,
        interval=interval,
        confidence="low" if "summary" in (row.what or "") else "medium",
        target=row.target and kind == "meta-analysis",
        notes=tuple(note for note in notes if note),
        outcome=outcome,
        factor=name.factor,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
