"""`funis export`: the tables of a run, or the protocol of a trial, in the formats of others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from funis.checks import InputError, Issue
from funis.pipeline.export.formats import FORMATS, USDM, require_format
from funis.pipeline.export.marks import Marks, document_readme, marks_of, readme
from funis.pipeline.export.record import RunRecord, read_run
from funis.pipeline.export.tables import analysis_tables
from funis.pipeline.export.usdm import REMARKS, usdm_document
from funis.pipeline.inputs import Trial, load_trial
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence
from funis.store import (
    MANIFEST,
    check_run_folder,
    read_manifest,
    run_folder,
    write_bytes,
    write_manifest,
)

KIND = "export"
README = "README.md"


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: the folder, rows of each file, and what has to be known of it."""

    folder: Path
    rows: Mapping[str, int]
    remarks: tuple[str, ...]


def export(
    source: str | Path, form: str, *, out: Path | None = None, trial: str | Path | None = None
) -> Export:
    """Write a run as tables, or a trial as a protocol document: all files or none.

    Parameters
    ----------
    source
        The folder of a run; for the format ``usdm`` also a trial file or the name of a trial.
    form
        ``parquet``, ``csv``, ``xpt``, ``dataset-json`` or ``usdm``.
    out
        Folder; beside the run, with the format behind its name, when None.
    trial
        The file of the trial that was run, where it was moved.

    Raises
    ------
    InputError
        Wrong source or format, a run that is damaged, or a place taken by anything but an export.
    """
    require_format(form)
    folder = out if out is not None else _beside(Path(source), form)
    check_export_folder(folder)
    run = read_run(Path(source), trial) if Path(source).is_dir() else None
    if form == USDM:
        known = load_trial(source) if run is None else run.trial
        return _export_protocol(known, run, folder)
    if run is None:
        raise InputError(Issue(str(source), None, None, *_no_run(Path(source), form)))
    return _export_tables(run, form, folder)


def check_export_folder(path: Path) -> None:
    """Refuse a place that holds anything but an earlier export.

    Raises
    ------
    InputError
        It is a file, somebody else's folder, or a run, which an export must never replace.
    """
    check_run_folder(path)
    if (path / MANIFEST).is_file() and read_manifest(path).get("kind") != KIND:
        message = "holds a run of funis, not an export"
        raise InputError(Issue(str(path), None, None, message, "another name"))


def _export_tables(run: RunRecord, form: str, folder: Path) -> Export:
    chosen = FORMATS[form]
    marks = marks_of(run.trial, run.evidence, run.manifest["seed"])
    tables = analysis_tables(run)
    names = [f"{one.name.lower()}.{chosen.ending}" for one in tables]
    page = readme(marks, run, tables, chosen.ending)
    files = (
        (name, chosen.write(one, marks)) for name, one in zip(names, tables, strict=True)
    )  # one after the other: only one is held in memory
    _write(folder, form, marks, chain(files, [(README, page.encode())]))
    rows = {name: one.frame.height for name, one in zip(names, tables, strict=True)}
    silent = run.adverse_events is None
    told = ("this run recorded no adverse events: ADAE has no rows",) if silent else ()
    return Export(folder, rows, told)


def _export_protocol(trial: Trial, run: RunRecord | None, folder: Path) -> Export:
    evidence = (
        evidence_text(evidence_base(find_evidence(trial.model))) if run is None else run.evidence
    )
    seed = None if run is None else run.manifest["seed"]
    patients = None if run is None else sum(run.manifest["patients"].values())
    marks = marks_of(trial, evidence, seed)
    document = usdm_document(trial, marks, patients)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    page = document_readme(marks, REMARKS)
    _write(folder, USDM, marks, [("usdm.json", text.encode()), (README, page.encode())])
    return Export(folder, {"usdm.json": 1}, ())


def _write(folder: Path, form: str, marks: Marks, files: Iterable[tuple[str, bytes]]) -> None:
    with run_folder(folder) as place:
        for name, content in files:
            write_bytes(place / name, content)
        known = {"kind": KIND, "format": form, "trial": marks.study, "statement": marks.statement}
        write_manifest(place, known)


def _beside(source: Path, form: str) -> Path:
    """Return the folder that an export has by default: that of the run, the format behind it."""
    if source.is_dir():
        return source.absolute().with_name(f"{source.absolute().name}-{form}")
    return Path(f"funis-{source.stem}-{form}")


def _no_run(source: Path, form: str) -> tuple[str, str]:
    expected = f"the folder of a run for {form} (funis run --out), or --format {USDM} for a trial"
    return ("is not a folder" if source.exists() else "no such folder"), expected
