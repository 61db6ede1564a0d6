"""The control arms of the evidence: each published number of an arm without cells or active drug.

Records of one trial stand under one name (`control_file`), a number that several of them print is
counted once, and what is no control arm of one trial is listed with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from funis.analysis import Published, Skipped
from funis.calibrate.control_file import ControlFile
from funis.calibrate.reconstruct import template_name
from funis.calibrate.reconstruction_file import StandIns
from funis.calibrate.rows import Row
from funis.evidence import Evidence, NaturalRow, Study, extra_value
from funis.protocol import EndpointRequest

CONTROL_WORDS = ("placebo", "control", "sham", "saline", "standard", "usual care")
"""Words in the id or the treatment of an arm that got neither cells nor an active drug."""

AFTER_RESPONSE = ("maintenance", "withdrawal", "rescue")
"""Words in the id of an arm whose patients were chosen by their response."""

SAME_VISIT = 2.0
"""Weeks within which one number printed twice is one visit (month 6 is week 24 or 26)."""

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class ControlArm:
    """One published number of one control arm, in our names and units.

    Attributes
    ----------
    trial, record : str
        Trial that is left out as a whole, and the record that prints the number.
    template : str
        Trial of the library whose patients stand for those of the arm.
    request : EndpointRequest
    observed : float
        Shares from 0 to 1.
    error : float
        Standard error of a mean or rate as printed, not-a-number where it was not.
    n : int
        Patients; ``size_known`` says whether that was printed.
    year : int or None
    target : bool
        Whether the model was set to this number.
    baseline : tuple of (str, float)
        Means at entry that the arm printed.
    source : str
    criteria : tuple of str
        Added to those of the template.
    """

    trial: str
    record: str
    template: str
    request: EndpointRequest
    observed: float
    error: float
    n: int
    size_known: bool
    year: int | None
    target: bool
    baseline: tuple[tuple[str, float], ...]
    source: str
    criteria: tuple[str, ...] = ()

    @property
    def measure(self) -> str:
        """What kind of number it is: responder, change, value or rate."""
        return self.request.measure

    @property
    def row(self) -> Row:
        """The number as a row of calibration."""
        return Row(
            self.trial, "control", None, self.request, self.observed, math.nan, math.nan, self.n
        )

    @property
    def family(self) -> tuple[str, str]:
        """Endpoint and measure: numbers of one kind."""
        return self.request.endpoint, self.measure

    @property
    def events(self) -> float:
        """Responders."""
        return self.observed * self.n


def control_arms(
    published: Sequence[Published], evidence: Evidence, file: ControlFile, stand_ins: StandIns
) -> tuple[tuple[ControlArm, ...], tuple[Skipped, ...]]:
    """Return the control arms of the evidence on a disease, and what is left out and why."""
    studies = {study.id: study for study in (*evidence.studies, *evidence.pharmacology)}
    natural = {row.id: row for row in evidence.natural}
    arms, lost = [], []
    for item in published:
        if item.contrast or not _is_control(item, studies.get(item.study)):
            continue
        why = _why_not(item, file)
        if why is not None:
            lost.append(Skipped(item.study, item.arm, item.endpoint, item.week, why))
            continue
        record = studies.get(item.study) or natural[item.study.split(": ")[0]]
        arms.append((item, _arm(item, record, evidence.disease, file, stand_ins)))
    whole = _with_baseline(_whole_arms(_sized(arms)))
    return tuple(_once(whole)), tuple(lost)


def _sized(arms: Sequence[tuple[Published, ControlArm]]) -> list[tuple[Published, ControlArm]]:
    """Return arms with a size each: its own, else the largest of its trial, else the median."""
    known = [arm for _, arm in arms if arm.size_known]
    typical = int(np.median([arm.n for arm in known])) if known else 1
    largest: dict[str, int] = {}
    for arm in known:
        largest[arm.trial] = max(arm.n, largest.get(arm.trial, 0))
    return [
        (item, arm if arm.size_known else replace(arm, n=largest.get(arm.trial, typical)))
        for item, arm in arms
    ]


def _is_control(item: Published, study: Study | None) -> bool:
    """Return whether a number belongs to an arm without cells and without an active drug."""
    if study is None:
        return item.group == "placebo and standard care"
    arm = study.arm(item.arm)
    if arm is not None and (arm.cells_per_infusion or arm.cells_per_kg):
        return False
    words = item.arm.lower()
    if arm is not None and arm.dose is not None and study.gate is not None:
        words += f" {arm.dose.lower()}" if arm.dose.lower().startswith(CONTROL_WORDS) else ""
    return words.startswith(CONTROL_WORDS) or any(f" {word}" in words for word in CONTROL_WORDS)


def _why_not(item: Published, file: ControlFile) -> str | None:
    """Return why a number is not counted, None where it is."""
    listed = file.reason(item.study)
    if listed is not None:
        return listed
    if item.evidence_type == "meta-analysis":
        return "a meta-analysis is context"
    if item.evidence_type == "single-arm":
        return "the study has no control arm"
    if item.subgroup is not None:
        return "a subgroup"
    if any(word in item.arm.lower() for word in AFTER_RESPONSE):
        return "patients chosen by their response"
    return None


def _arm(
    item: Published, record: Study | NaturalRow, disease: str, file: ControlFile,
    stand_ins: StandIns,
) -> ControlArm:  # fmt: skip
    trial = file.trial_of(disease, item.study)
    request = EndpointRequest(item.endpoint, item.week, item.measure, "exploratory")
    return ControlArm(
        trial.trial, item.study, trial.template or _template(record, disease, stand_ins), request,
        float(item.estimate), _error(item), item.n or 0, item.n is not None, trial.year,
        isinstance(record, NaturalRow) and record.target, (), _source(record), trial.criteria,
    )  # fmt: skip


def _template(record: Study | NaturalRow, disease: str, stand_ins: StandIns) -> str:
    """Return the trial of the library in whose patients a record is judged."""
    holder = record if isinstance(record, NaturalRow) else record.gate
    if holder is not None:
        name = getattr(holder, "trial", None) or extra_value(holder.extra, "trial")
        if isinstance(name, str) and name.startswith(f"{disease}_"):
            return name
    if isinstance(record, Study):
        return template_name(record, stand_ins)
    return stand_ins.population(disease, record.population or "") or f"{disease}_demo"


def _error(item: Published) -> float:
    """Return the standard error that a printed interval or spread implies."""
    if item.measure == "responder" or math.isnan(item.low) or not item.low < item.high:
        return math.nan
    return (item.high - item.low) / (2 * NORMAL_95)


def _source(record: Study | NaturalRow) -> str:
    if isinstance(record, NaturalRow):
        return record.source or record.id
    return record.sources[0].url if record.sources else record.id


def _whole_arms(
    arms: Sequence[tuple[Published, ControlArm]],
) -> Iterator[tuple[Published, ControlArm]]:
    """Yield whole arms; where a study prints parts alone, their mean by size."""
    groups: dict[tuple[str, str], list[tuple[Published, ControlArm]]] = {}
    for item, arm in arms:
        groups.setdefault((item.study, arm.request.key), []).append((item, arm))
    for members in groups.values():
        shortest = min(len(item.arm) for item, _ in members)
        whole = [one for one in members if len(one[0].arm) == shortest]
        parts = {item.arm for item, _ in members}
        heads = {name.split("_")[0] for name in parts}
        if len(parts) > 1 and heads.isdisjoint(parts):
            yield members[0][0], _merged([arm for _, arm in members])
        else:
            yield from whole


def _merged(arms: Sequence[ControlArm]) -> ControlArm:
    total = sum(arm.n for arm in arms)
    mean = sum(arm.n * arm.observed for arm in arms) / total
    return replace(arms[0], observed=mean, error=math.nan, n=total)


def _with_baseline(arms: Iterator[tuple[Published, ControlArm]]) -> list[ControlArm]:
    """Return numbers after entry, each with the means at entry that its arm printed."""
    listed = [arm for _, arm in arms]
    entry: dict[str, dict[str, float]] = {}
    for arm in listed:
        if arm.request.week <= 0 and arm.measure == "value":
            entry.setdefault(arm.trial, {})[arm.request.endpoint] = arm.observed
    return [
        replace(arm, baseline=tuple(sorted(entry.get(arm.trial, {}).items())))
        for arm in listed
        if arm.request.week > 0
    ]


def _once(arms: Sequence[ControlArm]) -> list[ControlArm]:
    """Return each number of a trial once: with its error where one record prints it, else by size.

    A number that the model was set to stays marked, whichever record prints it.
    """
    kept: list[ControlArm] = []
    for arm in arms:
        place = next((at for at, other in enumerate(kept) if _same(arm, other)), None)
        if place is None:
            kept.append(arm)
            continue
        other = kept[place]
        better = arm if _worth(arm) > _worth(other) else other
        kept[place] = replace(better, target=arm.target or other.target)
    return kept


def _same(arm: ControlArm, other: ControlArm) -> bool:
    """Return whether two records print one number: at one visit, or the same one at month 6."""
    if (arm.trial, arm.template) != (other.trial, other.template):
        return False
    if arm.request.key == other.request.key:
        return True
    named = (arm.request.endpoint, arm.measure) == (other.request.endpoint, other.measure)
    near = abs(arm.request.week - other.request.week) <= SAME_VISIT
    return named and near and math.isclose(arm.observed, other.observed, abs_tol=1e-9)


def _worth(arm: ControlArm) -> tuple[bool, bool, int]:
    return not math.isnan(arm.error), arm.size_known, arm.n
