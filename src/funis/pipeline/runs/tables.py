"""Stored runs as tables of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from funis.pipeline.runs.compare import EstimatePair, RunComparison
from funis.pipeline.runs.headline import Headline
from funis.pipeline.runs.record import StoredRun
from funis.pipeline.runs.reproduce import Reproduction
from funis.pipeline.runs.why import Reason
from funis.pipeline.tables import Table
from funis.report.codes import FigureMark
from funis.report.numerals import count, significant
from funis.report.statement import RESEARCH_USE

NEAREST = 12
"""Parameters of a figure that are shown; all of them stand in the JSON document."""


def list_tables(runs: Sequence[StoredRun]) -> tuple[Table, ...]:
    """Return the list of stored runs."""
    columns = ("run", "what", "trial", "written", "seed", "state", "result")
    rows = tuple(
        (run.id, run.kind, run.trial, run.written[:10], _number(run.seed), state_words(run),
         "; ".join(map(_line, run.headline[:2])) or "–")
        for run in runs
    )  # fmt: skip
    told = f"{len(runs)} stored runs. {RESEARCH_USE}" if runs else f"No stored runs. {RESEARCH_USE}"
    return (Table(told, columns, rows),)


def run_tables(
    run: StoredRun, damaged: Sequence[str], figures: Sequence[FigureMark]
) -> tuple[Table, ...]:
    """Return what a stored run is, what it found, and the codes of its figures."""
    facts = {
        "kind": run.kind_words, "trial": run.trial, "disease": run.disease,
        "seed": _number(run.seed), "virtual patients": _number(run.patients),
        "failed": str(run.failed), "written": run.written, "library": run.version,
        "state": state_words(run), "files not as written": ", ".join(damaged) or "none",
        "published evidence": run.evidence or "not recorded in this run",
    }  # fmt: skip
    found = tuple((one.words, one.text, one.verdict, one.basis) for one in run.headline)
    marks = tuple((one.code, one.kind, one.title) for one in figures)
    return (
        Table(f"{run.title}. {RESEARCH_USE}", ("", run.id), tuple(facts.items())),
        *(
            [Table("Result", ("what", "estimate (95 %)", "rule", "stands on"), found)]
            if found
            else []
        ),
        *([Table("Figures and tables", ("code", "kind", "what"), marks)] if marks else []),
    )


def comparison_tables(found: RunComparison) -> tuple[Table, ...]:
    """Return two runs side by side: what differs first."""
    apart = tuple((one.name, one.first, one.second) for one in found.settings if not one.same)
    heads = (found.first.id, found.second.id)
    files = tuple((one.name, one.match, one.told) for one in found.files)
    rows = tuple(_pair(one) for one in found.estimates)
    evidence = found.first.evidence or found.second.evidence
    return (
        Table("Settings that differ" if apart else "No setting differs", ("", *heads), apart),
        Table(f"Estimates (95 % intervals), simulated. {evidence}",
              ("what", *heads, "difference"), rows),
        Table("Files", ("file", "match", "how"), files),
    )  # fmt: skip


def reproduction_tables(found: Reproduction) -> tuple[Table, ...]:
    """Return the files of a run beside those that were made again."""
    rows = tuple((one.name, one.match, one.told) for one in found.files)
    versions = tuple(found.versions)
    return (
        Table(f"{found.run.title}, made again", ("file", "match", "how"), rows),
        *([Table("Differs from then", ("what", "then", "now"), versions)] if versions else []),
    )


def reproduction_lines(found: Reproduction) -> Iterator[str]:
    """Yield the result in words."""
    yield found.sentence
    if found.damaged:
        yield f"Changed or lost since they were written: {', '.join(found.damaged)}."
    if found.versions and not found.identical:
        yield "Another library or machine than then may be why files differ."
    if found.guessed:
        yield f"Its manifest does not say it, so it was taken: {found.guessed}."
    if found.folder is not None:
        yield f"The new run: {found.folder}"
    yield RESEARCH_USE


def why_lines(one: Reason) -> Iterator[str]:
    """Yield why a figure is as it is, in lines."""
    yield f"{one.code}  {one.figure.kind}: {one.figure.title}"
    yield f"Run: {one.run.folder} ({one.run.kind_words}), {one.run.title}"
    yield f"Protocol: {one.protocol or one.run.trial}, hash {one.protocol_hash[:16] or 'none'}"
    yield f"Seed: {_number(one.run.seed)}; library: {one.run.version or 'not recorded'}; model"\
          f" {one.model_hash[:16] or 'not recorded'}"  # fmt: skip
    if one.figure.about:
        yield f"Endpoint: {one.figure.about}"
    if one.rule:
        yield f"Success rule, fixed before: {one.rule}"
    yield from one.notes
    yield f"Make it again: {one.command or one.again}"
    yield f"Make it again and compare: {one.again}"
    yield f"{one.run.evidence or 'Evidence: not recorded in this run.'}\n{RESEARCH_USE}\n"


def why_tables(one: Reason) -> tuple[Table, ...]:
    """Return the formulas of a figure and the parameters next to it."""
    formulas = tuple((f.id, f.text, f.unit, f.source) for f in one.formulas)
    rows = tuple(
        (p.id, significant(p.value, 4), p.unit.replace("_", " "), p.status, p.source)
        for p in one.parameters[:NEAREST]
    )
    counts = ", ".join(f"{n} {status}" for status, n in one.statuses.items())
    shown = min(NEAREST, len(one.parameters))
    title = f"The {shown} nearest of {len(one.parameters)} parameters ({counts}); all in --json"
    return (
        *([Table("Formulas", ("id", "formula", "unit", "source"), formulas)] if formulas else []),
        *([Table(title, ("id", "value", "unit", "status", "source"), rows)] if rows else []),
    )


def state_words(run: StoredRun) -> str:
    """Return the state of a run, with patients that failed."""
    return f"{run.status}, {run.failed} failed" if run.failed else run.status


def _line(one: Headline) -> str:
    return f"{one.words}: {one.text}" + (f" ({one.verdict})" if one.verdict else "")


def _pair(one: EstimatePair) -> tuple[str, str, str, str]:
    return one.words, one.first or "–", one.second or "–", one.difference_text or "–"


def _number(value: int | None) -> str:
    return "–" if value is None else count(value)
