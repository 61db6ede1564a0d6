"""`funis evidence forest`: ticked studies pooled, placebo beside what has no control."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from funis.analysis import Published, published_results
from funis.evidence.meta import ENOUGH_STUDIES, SCALES
from funis.pipeline.meta import pictures
from funis.pipeline.meta.document import document
from funis.pipeline.meta.gather import endpoint_key
from funis.pipeline.meta.numbers import interval_words, shown_interval, value_words
from funis.pipeline.meta.run import base_of, meta_analysis
from funis.pipeline.meta.text import not_pooled
from funis.pipeline.meta.values import STUDY_TYPES, MetaAnalysis, Stratum
from funis.pipeline.studies.reach import user_hash
from funis.pipeline.tables import Table
from funis.report.content import Interval

FEW = 3
"""Studies below which a pool is said to rest on few."""

CONTROL_WINDOW_WEEK = 13.0
"""Weeks from the week of the forest at which a control arm without cells still stands beside."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A study that could be pooled.

    Attributes
    ----------
    stratum : str
        Its design in words; studies of two designs are never pooled together.
    text : str
        Its effect with the interval, in words.
    chosen : bool
    """

    study: str
    stratum: str
    week: float
    n: int
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A published control arm, or a pool of them: what happens without cells.

    ``study`` is the id of the study that it is an arm of; empty for a row of natural history.
    """

    source: str
    study: str
    week: float
    n: int | None
    interval: Interval
    text: str
    pooled: bool


@dataclass(frozen=True, slots=True)
class ChosenPool:
    """Ticked studies pooled, with what could be ticked and what stands beside.

    Attributes
    ----------
    analysis : MetaAnalysis
        Its strata hold the chosen studies alone; a stratum of one is not pooled.
    controls : tuple of ControlRow
        Control arms of the same endpoint near the same week, where a stratum has no control of its
        own; of a mean they are of the same kind (value or change).
    warnings : tuple of str
        What has to be said of few studies, mixed designs and shared patients.
    """

    analysis: MetaAnalysis
    candidates: tuple[Candidate, ...]
    controls: tuple[ControlRow, ...]
    warnings: tuple[str, ...]

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the studies that are pooled."""
        return tuple(one.study for one in self.candidates if one.chosen)


def chosen_pool(
    disease: str,
    endpoint: str,
    *,
    week: float | None = None,
    window: float | None = None,
    measure: str | None = None,
    method: str | None = None,
    any_route: bool = False,
    of: str = "cells",
    studies: Sequence[str] | None = None,
) -> ChosenPool:
    """Pool the ticked studies of one endpoint; the arguments are those of `meta_analysis`.

    Fewer than two studies are no error: the strata say that there is nothing to pool.

    Raises
    ------
    InputError
        An unknown name, or a study that has no such result.
    """
    chosen = None if studies is None else tuple(dict.fromkeys(studies))
    return _pooled(
        (disease, endpoint, week, window, measure, method, any_route, of), chosen, user_hash()
    )


@lru_cache(maxsize=64)
def _pooled(asked: tuple[Any, ...], studies: tuple[str, ...] | None, state: str) -> ChosenPool:
    disease, endpoint, week, window, measure, method, any_route, of = asked

    def analysed(names: tuple[str, ...] | None) -> MetaAnalysis:
        return meta_analysis(
            disease, endpoint, week=week, window=window, measure=measure, method=method,
            any_route=any_route, of=of, studies=names, strict=False,
        )  # fmt: skip

    every = analysed(None)
    found = every if studies is None else analysed(studies)
    kept = {m.effect.study for stratum in found.strata for m in stratum.members}
    return ChosenPool(
        found, tuple(_candidates(every, kept)), _controls(every), tuple(_warnings(found))
    )


def _candidates(every: MetaAnalysis, kept: set[str]) -> list[Candidate]:
    return [
        Candidate(
            member.effect.study, stratum.label, member.week,
            member.n_cells + (member.n_control or 0),
            interval_words(shown_interval(member.effect), stratum.measure),
            member.effect.study in kept,
        )
        for stratum in every.strata
        for member in stratum.members
    ]  # fmt: skip


def _warnings(found: MetaAnalysis) -> list[str]:
    """Say what a reader of the picture has to know first."""
    said = [_few(stratum) for stratum in found.strata if len(stratum.members) < FEW]
    if not found.strata:
        said.append("No study is ticked: nothing is pooled.")
    if len(found.strata) > 1:
        said.append("Designs stand apart: no number here pools one design with another.")
    shared = sorted({name for stratum in found.strata for name in stratum.shared})
    if shared:
        said.append(f"Patients may be counted twice: {', '.join(shared)}.")
    return said


def _few(stratum: Stratum) -> str:
    size = len(stratum.members)
    if stratum.pooled is None:
        return f"{stratum.label}: {not_pooled(stratum)[:1].lower()}{not_pooled(stratum)[1:]}"
    return (
        f"{stratum.label}: {size} studies only. The interval rests on one degree of freedom and"
        " there is no prediction interval."
    )


def too_few_for_asymmetry(stratum: Stratum) -> str:
    """Say why asymmetry of a funnel cannot be judged; empty from ten studies on."""
    size = len(stratum.members)
    if size >= ENOUGH_STUDIES:
        return ""
    return (
        f"{'1 study' if size == 1 else f'{size} studies'}: too few to judge asymmetry"
        f" (a test needs {ENOUGH_STUDIES} to have any power; Cochrane Handbook, section 13.3.5.4)."
    )


def _controls(found: MetaAnalysis) -> tuple[ControlRow, ...]:
    """Return control arms near the week, if some stratum has no control of its own."""
    if found.of == "placebo" or all(SCALES[one.measure].contrast for one in found.strata):
        return ()
    base = base_of(found.disease, "placebo")
    rows = [
        row
        for row in published_results(base.published, base.endpoints)[0]
        if row.group == "placebo and standard care" or _reference(base.published, row)
        if endpoint_key(row.endpoint, row.measure) == found.endpoint
        if not row.contrast and row.subgroup is None and row.week > 0
        if abs(row.week - found.week) <= max(found.window, CONTROL_WINDOW_WEEK)
    ]
    return tuple(_control(row) for row in _nearest_of_each(rows, found.week))


def _reference(published: Any, row: Published) -> bool:
    """Whether a row is of the control arm of a trial of a drug."""
    if row.group != "drug":
        return False
    gate = published.study(row.study).gate
    return gate is not None and gate.reference == row.arm


def _nearest_of_each(rows: list[Published], week: float) -> list[Published]:
    near: dict[str, Published] = {}
    for row in sorted(rows, key=lambda one: (abs(one.week - week), -(one.n or 0))):
        near.setdefault(row.study, row)
    return sorted(near.values(), key=lambda one: (one.evidence_type != "meta-analysis", one.study))


def _control(row: Published) -> ControlRow:
    measure = "proportion" if row.measure == "responder" else "mean"
    if math.isnan(row.low) or math.isnan(row.high):
        interval = Interval(row.estimate, None, None)
        text = f"{value_words(row.estimate, measure)} (interval not printed)"
    else:
        interval = Interval(row.estimate, row.low, row.high)
        text = interval_words(interval, measure)
    pooled = row.evidence_type == "meta-analysis"
    study = row.study if row.group == "drug" else ""
    return ControlRow(
        _source(row, pooled), study, row.week, row.n, interval, text, pooled
    )  # fmt: skip


def _source(row: Published, pooled: bool) -> str:
    """Return a control arm in words: the trials of a pool, else the name of its study."""
    name, _, trial = row.study.partition(": ")
    if pooled and trial:
        return f"{trial}, pooled ({name.replace('_', ' ')})"
    chosen = name if trial in ("", name) else trial
    words = pictures.study_label(chosen)
    if words == chosen and row.group == "drug":
        return chosen.rpartition("_")[0].replace("_", " ").upper()
    return words.replace("_", " ")


def control_table(found: ChosenPool) -> tuple[Table, ...]:
    """Return the control arms beside as a table of text; none where there are none."""
    rows = tuple(
        (one.source, f"{one.week:g}", str(one.n or ""), one.text) for one in found.controls
    )
    title = "Without cells, beside: control arms of other trials"
    return (Table(title, ("source", "week", "n", "published (95 %)"), rows),) if rows else ()


def chosen_document(found: ChosenPool) -> dict[str, Any]:
    """Return it as plain data: the meta-analysis, and what stands beside."""
    import dataclasses

    return {
        **document(found.analysis),
        "study_types": [STUDY_TYPES[one.kind] for one in found.analysis.strata],
        "candidates": [dataclasses.asdict(one) for one in found.candidates],
        "controls_beside": [dataclasses.asdict(one) for one in found.controls],
        "warnings": list(found.warnings),
    }
