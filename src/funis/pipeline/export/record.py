"""The folder of a run as it is read back, and the trial that it was a run of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.checks import InputError, Issue
from funis.models import library_folder
from funis.pipeline.inputs import Trial, load_trial
from funis.protocol import content_hash
from funis.store import hash_file, read_manifest, read_table

if TYPE_CHECKING:
    import polars

TABLES: Mapping[str, tuple[str, ...]] = {
    "subjects": ("subject", "site", "arm", "status", "status_reason", "discontinued_week",
                 "rescued_week"),
    "doses": ("subject", "arm", "day", "intervention", "route", "amount", "duration_day", "rule"),
    "observations": ("subject", "arm", "week", "component", "value"),
}  # fmt: skip
"""Tables of a run, and the columns that an export needs of each."""

EVENTS, EVENT_COLUMNS = "adverse_events", ("subject", "arm", "day", "term", "grade")


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """What a run left behind.

    Attributes
    ----------
    folder
        Where it lies.
    manifest
        What it was made from.
    evidence
        Grade of the published evidence, one line.
    trial
        The trial as it was conducted: its hash is that in the manifest.
    subjects, doses, observations
        The tables of the run.
    adverse_events
        None where the run recorded none.
    """

    folder: Path
    manifest: dict[str, Any]
    evidence: str
    trial: Trial
    subjects: polars.DataFrame
    doses: polars.DataFrame
    observations: polars.DataFrame
    adverse_events: polars.DataFrame | None


def read_run(folder: Path, trial: str | Path | None = None) -> RunRecord:
    """Read the folder of a run.

    Parameters
    ----------
    folder
        As `funis run --out` wrote it.
    trial
        The trial file, where it no longer lies where the run found it.

    Raises
    ------
    InputError
        No run, a table that is missing, cannot be read or was changed, or a trial or model that
        is another one than the run's.
    """
    manifest = read_manifest(folder)
    tables = {name: _table(folder, name, needed, manifest) for name, needed in TABLES.items()}
    there = f"{EVENTS}.parquet" in manifest.get("files", {})
    found = _table(folder, EVENTS, EVENT_COLUMNS, manifest) if there else None
    return RunRecord(
        folder=folder,
        manifest=manifest,
        evidence=_evidence(folder),
        trial=_trial(folder, manifest, trial),
        adverse_events=found,
        **tables,
    )


def _table(
    folder: Path, name: str, needed: tuple[str, ...], manifest: dict[str, Any]
) -> polars.DataFrame:
    """Return a table whose bytes are those that the run wrote, with the columns that are needed."""
    path = folder / f"{name}.parquet"
    table = read_table(path)
    noted = manifest.get("files", {}).get(path.name)
    if noted is None or noted != hash_file(path):
        raise _refusal(path, "is not as a run wrote it", "an unchanged table of a run")
    absent = next((column for column in needed if column not in table.columns), None)
    if absent is not None:
        raise _refusal(path, f"has no column '{absent}'", f"the {name} of a run")
    return table


def _evidence(folder: Path) -> str:
    path = folder / "results.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["evidence"])
    except (OSError, ValueError, KeyError, TypeError):
        raise _refusal(path, "cannot be read", "the results of a funis run") from None


def _trial(folder: Path, manifest: dict[str, Any], given: str | Path | None) -> Trial:
    """Return the trial of a run, which scores and labels come from."""
    noted = manifest.get("protocol", {})
    place = str(noted.get("file", "")) if given is None else str(given)
    path = library_folder().parent / place if place.startswith("library/") else Path(place)
    if given is None and not path.is_file():
        message = f"was run from '{place}', which is not there"
        raise _refusal(folder, message, "--trial with the file of that trial")
    trial = load_trial(path if path.is_file() else place)
    if trial.protocol.hash != noted.get("hash"):
        expected = f"--trial with the file whose hash is {str(noted.get('hash'))[:16]}..."
        raise _refusal(path, "is not the trial that was run", expected)
    endpoints = content_hash(trial.model.endpoints)
    if trial.model.hash != manifest.get("model_hash") or (
        manifest.get("endpoints_hash", endpoints) != endpoints
    ):
        expected = f"the library of the run ({manifest.get('library_version')}), or a new run"
        raise _refusal(folder, f"was run with another model of {trial.model.id}", expected)
    return trial


def _refusal(path: Path, problem: str, expected: str) -> InputError:
    return InputError(Issue(str(path), None, None, problem, expected))
