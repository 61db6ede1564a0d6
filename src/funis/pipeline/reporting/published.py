"""Which simulated arm stands beside a published one, and how much evidence there is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from funis.analysis import Comparison, ComparisonRow, Published
from funis.evidence import Arm as PublishedArm
from funis.evidence import Evidence
from funis.evidence import Study as PublishedStudy
from funis.models import Model
from funis.pipeline.drugs import background_drugs, class_of_arm, classes_in, drug_inputs
from funis.protocol import Arm, Intervention
from funis.report.content import EvidenceBase, PublishedRow, SkippedRow, Verdict
from funis.report.outcomes import published_rows, skipped_rows
from funis.trial import Study

REFERENCE_WEIGHT_KG = 70.0
"""Weight by which a dose per kg is compared with a total dose [kg] (assumed)."""

ENOUGH_RANDOMISED = 400
"""Randomised patients below which evidence is called low at most (assumed)."""

_CONTROLS = ("placebo", "control", "standard care")


@dataclass(frozen=True, slots=True)
class Beside:
    """The simulated arm that stands beside a published one, or why there is none."""

    arm: str | None
    note: str = ""
    judged: bool = False


def published_beside(
    study: Study, evidence: Evidence, found: Comparison
) -> tuple[tuple[PublishedRow, ...], tuple[SkippedRow, ...]]:
    """Return published rows beside one simulated arm each, and those that have none."""
    rows: list[PublishedRow] = []
    skipped: list[SkippedRow] = list(skipped_rows(found))
    units = {name: _unit(study, name) for name in study.model.endpoints.numbers}
    told: set[tuple[str, str]] = set()
    for row in found.rows:
        beside = stand_in(study, evidence, row.published)
        item = row.published
        if beside.arm is None:
            skipped.append(SkippedRow(item.study, item.arm, item.endpoint, beside.note))
            continue
        first = (item.study, item.endpoint) not in told
        told.add((item.study, item.endpoint))
        rows += [
            _finished(shown, row, beside, _known_study(item.study, evidence), first)
            for shown in published_rows([row], {beside.arm}, units)
        ]
    return tuple(rows), tuple(skipped)


def stand_in(study: Study, evidence: Evidence, item: Published) -> Beside:
    """Return the simulated arm closest to a published one.

    A published control stands beside the reference arm, a drug beside the arm that gives its
    class, cells beside the arm nearest in dose and number of infusions.
    """
    if item.group == "placebo and standard care":
        if item.evidence_type != "meta-analysis" and ":" in item.study and _pooled(item, evidence):
            return Beside(None, "one trial of a table whose pooled row is shown")
        return _control(study)
    if item.group == "drug":
        return _drug(study, evidence, item)
    if _is_control(item.arm):
        return _control(study)
    return _cells(study, evidence, item)


def evidence_base(evidence: Evidence | None) -> EvidenceBase | None:
    """Return how much was published on stromal cells in a disease."""
    if evidence is None:
        return None
    own = [study for study in evidence.studies if study.evidence_type != "meta-analysis"]
    randomised = [study for study in own if study.randomised]
    others = [study for study in own if not study.randomised]
    people = sum(study.population.n or 0 for study in randomised)
    cord = [study for study in randomised if study.product.source == "umbilical_cord"]
    placebo = [study for study in cord if _placebo_controlled(study.design.control)]
    grade = "very low" if not randomised else "low" if people < ENOUGH_RANDOMISED else "moderate"
    note = (
        f"{len(cord)} of the randomised studies gave umbilical-cord cells, {len(placebo)} of them "
        f"against a control without cells. The grade follows from numbers and design alone."
    )
    mine = tuple(f"{name} (SHA-256 {own[:12]})" for name, own in evidence.user_files.items())
    if mine:
        note += f" {_own_text(mine)}"
    return EvidenceBase(
        len(randomised),
        people,
        len(others),
        sum(study.population.n or 0 for study in others),
        grade,
        note,
        mine,
    )


def evidence_text(base: EvidenceBase | None) -> str:
    """Return the grade of evidence as one line, for tables and data files."""
    if base is None:
        return "Evidence: none recorded."
    own = f" {_own_text(base.own)}" if base.own else ""
    return (
        f"Evidence: {base.grade}; {base.randomised_studies} randomised studies of stromal cells "
        f"({base.randomised_patients} patients), {base.other_studies} others "
        f"({base.other_patients} patients).{own}"
    )


def _own_text(ids: tuple[str, ...]) -> str:
    return f"Read beside the library: your own {', '.join(ids)}."


def arm_of_drug(study: Study, drug: str) -> str | None:
    """Return the arm whose only intervention is one drug; none where the reference takes it too."""
    reference = study.protocol.reference
    if reference is not None and drug in [one.drug for one in reference.interventions]:
        return None
    for arm in study.protocol.arms:
        if not arm.altered and [one.drug for one in arm.interventions] == [drug]:
            return arm.id
    return None


def _placebo_controlled(control: str | None) -> bool:
    return control is not None and "NO placebo" not in control


def _control(study: Study) -> Beside:
    reference = study.protocol.reference
    if reference is None:
        return Beside(None, "this trial has no control arm")
    return Beside(reference.id)


def _pooled(item: Published, evidence: Evidence) -> bool:
    row = item.study.split(":")[0]
    return any(natural.id == row and natural.rows for natural in evidence.natural)


def _drug(study: Study, evidence: Evidence, item: Published) -> Beside:
    source = evidence.study(item.study)
    if item.contrast and item.arm.startswith("all_except"):
        classes = [
            name for name in classes_in(source.mechanism, study.model) if arm_of_drug(study, name)
        ]
        wanted = classes[0] if classes else None
    else:
        wanted = class_of_arm(source, item.arm, evidence, study.model)
    arm = None if wanted is None else arm_of_drug(study, wanted)
    if arm is None:
        given = wanted or source.mechanism or "this drug"
        return Beside(None, f"no arm of this trial gives {_described(study.model, given)}")
    if _is_control(item.arm):
        return _control(study)
    return Beside(arm, judged=True)


def _is_control(arm: str) -> bool:
    """Whether a published arm was a control, a subgroup such as ``placebo_mild`` included."""
    return arm in _CONTROLS or arm.startswith(_CONTROLS[0])


def _described(model: Model, name: str) -> str:
    given = model.input(name)
    return name if given is None else f"a {given.description}"


def _cells(study: Study, evidence: Evidence, item: Published) -> Beside:
    source = evidence.study(item.study).arm(item.arm) or PublishedArm(item.arm)
    extra = _co_treatment(study.model, source)
    if extra is not None and not any(_gives(arm, extra) for arm in study.protocol.arms):
        return Beside(
            None, f"no arm of this trial adds {_described(study.model, extra)} to the cells"
        )
    arms = [
        a
        for a in study.protocol.arms
        if not a.altered and any(one.product for one in a.interventions)
    ]
    if not arms:
        return Beside(None, "no arm of this trial gives cells")
    nearest = min(arms, key=lambda arm: _distance(arm, source))
    return Beside(nearest.id, _difference(study, nearest, item, source))


def _co_treatment(model: Model, arm: PublishedArm) -> str | None:
    """Return the drug that was given with the cells to change what they do."""
    text = (arm.cotreatment or "").casefold()
    for name in drug_inputs(model):
        if name not in background_drugs(model) and name.casefold() in text:
            return name
    return None


def _gives(arm: Arm, drug: str) -> bool:
    names = {one.drug for one in arm.interventions}
    return drug in names and any(one.product for one in arm.interventions)


def _distance(arm: Arm, source: PublishedArm) -> float:
    """Return how far an arm is from a published one: log of dose, then log of infusions."""
    product = next(one for one in arm.interventions if one.product is not None)
    dose = _dose(source.cells_per_infusion, source.cells_per_kg)
    apart = 0.0 if not dose else abs(math.log10(_dose_of(product) / dose))
    infusions = source.infusions or (len(source.days) if source.days else 1)
    return apart + 0.1 * abs(math.log(len(product.days) / infusions))


def _dose_of(one: Intervention) -> float:
    return _dose(one.dose_cell, one.dose_cell_per_kg) or 1.0


def _dose(total: float | None, per_kg: float | None) -> float | None:
    if total is not None:
        return total
    return None if per_kg is None else per_kg * REFERENCE_WEIGHT_KG


def _difference(study: Study, arm: Arm, item: Published, source: PublishedArm) -> str:
    given = {one.product for one in arm.interventions if one.product is not None}
    tissues = {study.products[name].tissue for name in given}
    parts = []
    if item.product not in tissues:
        parts.append(f"cells from {item.product.replace('_', ' ')}, simulated from umbilical cord")
    if _dose(source.cells_per_infusion, source.cells_per_kg) is None:
        parts.append("the simulated dose is this trial's")
    return "; ".join(parts)


def _finished(
    shown: PublishedRow,
    row: ComparisonRow,
    beside: Beside,
    known: PublishedStudy | None,
    first: bool,
) -> PublishedRow:
    """Add the verdict and the number randomised to a row; a study's remarks stand at its first."""
    remarks = row.published.notes
    if known is not None and not first:
        remarks = tuple(note for note in remarks if note != known.notes)
    return replace(
        shown,
        source=_source(known) if known is not None and first else "",
        n_randomised=known.population.n if known is not None and known.randomised else None,
        note="; ".join(part for part in (beside.note, *remarks) if part),
        verdict=_verdict(shown, beside),
    )


def _known_study(name: str, evidence: Evidence) -> PublishedStudy | None:
    studies = (*evidence.studies, *evidence.pharmacology)
    return next((study for study in studies if study.id == name), None)


def _source(study: PublishedStudy) -> str:
    if study.doi is not None:
        return f"https://doi.org/{study.doi}"
    if study.pmid is not None:
        return f"https://pubmed.ncbi.nlm.nih.gov/{study.pmid}"
    return study.sources[0].url if study.sources else ""


def _verdict(shown: PublishedRow, beside: Beside) -> Verdict:
    """Judge drugs only, where both intervals are known: cells and placebo arms are a guide."""
    if not beside.judged or shown.simulated_week is not None or not shown.simulated:
        return "guide"
    published, simulated = shown.observed, shown.simulated[0].interval
    if None in (published.low, published.high, simulated.low, simulated.high):
        return "guide"
    low, high = published.low or 0.0, published.high or 0.0
    meets = (simulated.low or 0.0) <= high and (simulated.high or 0.0) >= low
    return "passed" if meets else "failed"


def _unit(study: Study, name: str) -> str:
    return study.model.endpoints.number(name).unit
