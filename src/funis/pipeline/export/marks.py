"""What travels with every file of an export: that it is simulated, and what it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from funis.pipeline.export.columns import Dataset
from funis.pipeline.export.observed import endpoint_codes, parameters
from funis.pipeline.export.record import RunRecord
from funis.pipeline.inputs import Trial
from funis.report import RESEARCH_USE
from funis.report.statement import SIMULATED


@dataclass(frozen=True, slots=True)
class Marks:
    """What every file says of itself.

    Attributes
    ----------
    study, title
        Id and title of the trial.
    run
        First letters of the hash of the protocol, and the seed where there is a run.
    evidence
        Grade of the published evidence, one line.
    version
        Of funis.
    """

    study: str
    title: str
    run: str
    evidence: str
    version: str

    @property
    def statement(self) -> str:
        """Every statement as one line."""
        return f"funis {self.version}. {SIMULATED} {RESEARCH_USE} {self.evidence}"


def marks_of(trial: Trial, evidence: str, seed: int | None = None) -> Marks:
    """Return what the files of a trial, or of a run of it, say."""
    protocol = trial.protocol
    run = protocol.hash[:12] if seed is None else f"{protocol.hash[:12]}.{seed}"
    return Marks(protocol.id, protocol.title, run, evidence, metadata.version("funis"))


def readme(marks: Marks, run: RunRecord, tables: Sequence[Dataset], ending: str) -> str:
    """Return the page beside the tables: what they are, and what their codes mean."""
    noted = run.manifest
    lines = [
        *_opening(marks),
        f"- Protocol hash {noted['protocol']['hash']}, model hash {noted['model_hash']}, "
        f"seed {noted['seed']}, {noted['library_version']}.",
        "- Days are relative: day 1 is that of randomisation, there is no day 0 and no date. Dates "
        "that a format demands are 1 January 1960.",
        *_remarks(run),
        "",
        "| file | rows | what |",
        "| --- | --- | --- |",
        *(f"| {one.name.lower()}.{ending} | {one.frame.height} | {one.label} |" for one in tables),
        "",
        "| table | variable | type | label |",
        "| --- | --- | --- | --- |",
        *(
            f"| {one.name} | {column.name} | {column.kind} | {column.label} |"
            for one in tables
            for column in one.columns
        ),
        "",
        "| table | PARAMCD | name in the run |",
        "| --- | --- | --- |",
        *(f"| ADEFF | {one.code} | {one.id} |" for one in parameters(run)),
        *(
            f"| ADENDPT | {code} | {key} |"
            for key, code in endpoint_codes(run.trial.protocol.endpoints).items()
        ),
    ]
    return "\n".join(lines) + "\n"


def document_readme(marks: Marks, remarks: Sequence[str]) -> str:
    """Return the page beside a protocol document."""
    return "\n".join([*_opening(marks), *(f"- {line}" for line in remarks)]) + "\n"


def _opening(marks: Marks) -> list[str]:
    return [
        f"# {marks.title}",
        "",
        f"- {SIMULATED}",
        f"- {RESEARCH_USE}",
        f"- {marks.evidence}",
    ]


def _remarks(run: RunRecord) -> list[str]:
    if run.adverse_events is not None:
        return []
    return ["- This run recorded no adverse events: ADAE has no rows. That is not zero events."]
