"""`funis run`: a trial file in, a folder with report, tables and manifest out."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.analysis import Results
from funis.checks import InputError, Issue, IssueList
from funis.evidence import Evidence, load_evidence
from funis.models import Model
from funis.pipeline.inputs import Trial, load_trial, require_whole
from funis.pipeline.looks import looks_not_held
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.reporting import protocol_results
from funis.pipeline.reporting.published import evidence_text
from funis.pipeline.reporting.safety import safety_document
from funis.pipeline.straight_line import TWINS, VirtualTrial, virtual_trial
from funis.report import RESEARCH_USE, TrialReport, manifest, write_trial
from funis.report.content import Interval
from funis.report.series import SeriesPart, SeriesView
from funis.store import (
    check_file_place,
    check_run_folder,
    run_folder,
    write_bytes,
    write_manifest,
    write_text,
)
from funis.trial import TrialData

if TYPE_CHECKING:
    import polars

KIND = "run"
REPORT = "report.html"
RESULTS = "results.json"
TRIAL = "trial.yaml"
"""Name of the copy of the trial file in the folder of a run or a design."""


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """What a run gives.

    Attributes
    ----------
    data
        The tables of the trial.
    results
        Estimates of the endpoints that the protocol declares, contrasts and decisions.
    report
        Content of the report.
    document
        The results as plain data, as `funis run --json` prints them.
    issues
        Different failure rates between arms: each an error.
    folder
        Where the run was written; None where it was not.
    """

    data: TrialData
    results: Results
    report: TrialReport
    document: dict[str, Any]
    issues: IssueList
    folder: Path | None

    @property
    def n_failed(self) -> int:
        """Patients whose simulation failed."""
        return sum(arm.n_failed for arm in self.results.arms)


def run_trial(
    name_or_path: str | Path | Trial,
    *,
    patients: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: str | Path | None = None,
    twins: int = TWINS,
    ensemble: str = "borrowed",
    progress: Progress = silent,
    checkpoints: Path | None = None,
) -> RunResult:
    """Conduct a virtual trial and, where asked, write its run folder.

    The result depends on the trial, the number of patients, the seed and the number of twins
    alone: not on the number of processes.

    Parameters
    ----------
    name_or_path
        A trial file, or the name of a trial of the library, or a trial that is loaded.
    patients
        Patients an arm; those of the protocol when None.
    seed
        Seed of the trial; that of the protocol when None.
    workers
        Processes; one for each processor when None.
    out
        Folder for report.html, results.json, trial.yaml, manifest.json and the tables in Parquet;
        nothing is written when None. An earlier run that stands there is replaced, anything else
        is refused.
    twins
        Patients followed under every arm for the figures and the durability headline, at most
        ``patients``.
    ensemble
        What the cells of each virtual patient are drawn from: the posterior with what other
        diseases say (borrowed), from the disease's own rows (own), before any (prior), or the
        numbers of the library as they are (none).
    progress
        Shows how far the work has got.
    checkpoints
        A folder of this run alone: finished parts are kept there, and a run that was killed goes
        on from them. It is the caller's to remove.

    Raises
    ------
    InputError
        Anything wrong with the trial, an argument out of range, or a folder that cannot be written.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed, twins=twins)
    if out is not None:
        check_run_folder(Path(out))
        check_writable(Path(out))
    trial = load_trial(name_or_path)
    evidence = find_evidence(trial.model)
    done = virtual_trial(
        trial,
        evidence,
        patients=trial.protocol.population.patients_per_arm if patients is None else patients,
        seed=trial.protocol.seed if seed is None else seed,
        workers=worker_count(workers),
        twins=twins,
        ensemble=ensemble,
        progress=progress,
        checkpoints=checkpoints,
    )
    done = replace(done, issues=done.issues + looks_not_held(trial.protocol))
    document = results_document(done)
    if out is not None:
        request = {
            "kind": KIND, "trial": trial.name, "patients": done.study.patients_per_arm,
            "seed": done.study.seed, "twins": twins, "ensemble": ensemble,
        }  # fmt: skip
        write_run(done, document, Path(out), request, trial.text)
    results = protocol_results(done.results, done.study.protocol)
    folder = None if out is None else Path(out)
    return RunResult(done.data, results, done.report, document, done.issues, folder)


def check_writable(path: Path, *, file: bool = False) -> None:
    """Refuse, before a long run, a place where nothing can be written.

    Raises
    ------
    InputError
        The nearest folder above that exists cannot be written to, or is a file; or a folder, a
        device or a pipe stands where a file shall.
    """
    if file and path.is_dir():
        raise InputError(Issue(str(path), None, None, "is a folder", "the name of a file"))
    if file:
        check_file_place(path)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        expected = "a place that can be written to"
        raise InputError(Issue(str(path), None, None, "cannot be written", expected))


def find_evidence(model: Model) -> Evidence | None:
    """Return what was published on a disease, or None where the library has nothing."""
    try:
        return load_evidence(model.id)
    except InputError as error:
        if all(issue.file is None for issue in error.issues):
            return None
        raise


def results_document(done: VirtualTrial) -> dict[str, Any]:
    """Return the results of a trial as plain data; what is not a number is None."""
    protocol = done.study.protocol
    results = protocol_results(done.results, protocol)
    document: dict[str, Any] = {
        "research_use": RESEARCH_USE,
        "seed": done.study.seed,
        "failed": results.failed,
        "arms": {
            arm.arm: {
                "n": arm.n,
                "endpoints": {
                    one.endpoint: {
                        "estimate": one.estimate, "low": one.low, "high": one.high,
                        "unit": one.unit, "n": one.n,
                    }
                    for one in results.estimates if one.arm == arm.arm
                },
            }
            for arm in results.arms
        },
        "contrasts": [
            {
                "arm": one.arm, "reference": one.reference, "endpoint": one.endpoint,
                "week": one.week, "measure": one.measure, "estimate": one.estimate,
                "low": one.low, "high": one.high,
                "unit": "ratio" if one.is_ratio else _unit(results, one.endpoint),
                "method": one.method, "p_value": one.p_value,
            }
            for one in results.contrasts
        ],
        "success": [
            {
                "arm": one.arm, "reference": one.reference, "endpoint": one.endpoint,
                "success": one.success, "verdict": one.verdict,
                "p_value": one.p_value, "adjusted": one.adjusted,
                "adjustment": one.adjustment,
            }
            for one in results.success
        ],
        "sensitivity": [
            {
                "arm": one.contrast.arm, "reference": one.contrast.reference,
                "endpoint": one.contrast.endpoint, "week": one.contrast.week,
                "measure": one.contrast.measure, "estimate": one.contrast.estimate,
                "low": one.contrast.low, "high": one.contrast.high,
                "method": one.contrast.method, "p_value": one.contrast.p_value,
                "missing": one.missing, "delta": one.delta, "tipping_point": one.tipping_point,
            }
            for one in results.sensitivity
        ],
        "durability": [
            {
                "arm": row.arm, "n": row.n,
                "time_averaged_effect": _interval(row.time_averaged_effect),
                "share_of_days": _interval(row.share_of_days),
                "improved_after_12_months": _interval(row.improved_after_12_months),
            }
            for row in done.report.durability
        ],
        "adverse_events": safety_document(protocol, done.data),
        "ensemble": _ensemble(done.report),
        "trial": protocol.id,
        "evidence": evidence_text(done.report.evidence),
        "issues": [str(issue) for issue in done.issues],
    }  # fmt: skip
    document |= design_document(done.report)
    if done.report.series:
        document["series"] = {view.arm: series_entry(view) for view in done.report.series}
    return {name: finite(value) for name, value in document.items()}


def design_document(report: TrialReport) -> dict[str, Any]:
    """Return what is told of the design, nothing where the trial declares none."""
    if not report.design:
        return {}
    layers = [
        {"arm": row.arm, "without": row.removed, "estimate": row.estimate, "improved": row.improved}
        for row in report.layers
    ]
    return {"design": {row.name: row.text for row in report.design}, "layers": layers}


def series_entry(view: SeriesView) -> dict[str, Any]:
    """Return a series without a control, taken apart, as plain data."""
    return {
        "score": view.score, "week": view.week, "unit": view.unit, "patients": view.n,
        "seen": view.seen, "improved_means": view.least, "patients_behind_usual": view.many,
        "better_at_all": view.better, "usually_better_at_all": _interval(view.usually_better),
        "reported": _part(view.reported), "on_placebo": _part(view.placebo),
        "parts": {part.layer: _part(part) for part in view.parts},
    }  # fmt: skip


def _part(part: SeriesPart) -> dict[str, Any]:
    return {
        "change": part.change, "improved": part.share,
        "usual_change": _interval(part.usual_change), "usual_improved": _interval(part.usual_share),
    }  # fmt: skip


def finite(value: Any) -> Any:
    """Return plain data with None for every number that is not finite."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def json_text(document: Mapping[str, Any]) -> str:
    """Return plain data as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_run(
    done: VirtualTrial,
    document: Mapping[str, Any],
    out: Path,
    request: Mapping[str, Any] | None = None,
    text: str = "",
) -> None:
    """Write the folder of a run: complete, or not at all.

    Parameters
    ----------
    request
        What the run was asked for, so that it can be asked for again.
    text
        The trial file; kept beside the tables, so that a run outlives its file.

    Raises
    ------
    InputError
        The folder cannot be written, or holds what no run wrote.
    """
    with run_folder(out) as folder:
        write_trial(done.report, folder / REPORT)
        write_text(folder / RESULTS, json_text(document))
        for name in ("subjects", "doses", "observations", "adverse_events"):
            marked_table(getattr(done.data, name), folder / f"{name}.parquet", document["evidence"])
        if text:
            write_text(folder / TRIAL, text)
        known: dict[str, Any] = {"kind": KIND, "disease_id": done.study.model.id}
        known |= {} if request is None else {"request": dict(request)}
        write_manifest(folder, {**manifest(done.report), **known})


def marked_table(
    table: polars.DataFrame, path: Path, evidence: str, known: Mapping[str, str] | None = None
) -> None:
    """Write a table as Parquet with the research-use statement and the evidence grade inside."""
    write_bytes(path, marked_bytes(table, evidence, known))


def marked_bytes(
    table: polars.DataFrame, evidence: str, known: Mapping[str, str] | None = None
) -> bytes:
    """Return a table as Parquet with the research-use statement and the evidence grade inside."""
    content = BytesIO()
    marks = {**(known or {}), "research_use": RESEARCH_USE, "evidence": evidence}
    table.write_parquet(content, compression="zstd", metadata=marks)
    return content.getvalue()


def _interval(interval: Interval | None) -> dict[str, float | None] | None:
    if interval is None:
        return None
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}


def _ensemble(report: TrialReport) -> dict[str, Any] | None:
    """Return what the cells were drawn from, and what that leaves open."""
    view = report.uncertainty
    if view is None:
        return None
    return {
        "basis": view.basis,
        "no_effect": dict(view.no_effect),
        "potency_factor": _interval(view.potency),
        "rests_on": dict(view.rests_on),
        "identified": view.identified,
        "model_uncertainty": [
            {
                "arm": row.arm, "score": view.score, "week": view.week,
                "effect": _interval(row.effect), "between_draws": row.between_draws,
                "between_patients": row.between_patients, "sampling": row.sampling,
            }
            for row in view.rows
        ],
    }  # fmt: skip


def _unit(results: Results, endpoint: str) -> str:
    return next((one.unit for one in results.estimates if one.endpoint == endpoint), "")
