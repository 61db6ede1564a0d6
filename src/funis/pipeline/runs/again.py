"""A stored run asked for again: the same call with the same trial, into another folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from funis.checks import InputError, Issue
from funis.models import library_folder
from funis.pipeline.inputs import Trial, load_trial
from funis.pipeline.processes import Progress
from funis.pipeline.run import TRIAL, run_trial
from funis.pipeline.runs.request import COHORT, DESIGN, PLAN, RUN, Request

CONSULTATIONS = ("consultation.yaml", "consultation.json")


@dataclass(frozen=True, slots=True)
class Again:
    """A run that is to be made again.

    Attributes
    ----------
    folder
        Where it is stored.
    manifest
        What it says of itself.
    request
        What it was asked for.
    trial
        A file of its trial in place of the one that is stored; None for the stored one.
    """

    folder: Path
    manifest: Mapping[str, Any]
    request: Request
    trial: Path | None = None


def run_again(again: Again, out: Path, *, workers: int | None = None, progress: Progress) -> None:
    """Make a run again into a folder.

    Raises
    ------
    InputError
        Its trial or its consultation is no longer there, or is another one.
    """
    MAKERS[again.request.kind](again, out, workers, progress)


def _run(again: Again, out: Path, workers: int | None, progress: Progress) -> None:
    given = again.request.arguments
    run_trial(
        stored_trial(again), patients=given["patients"], seed=given["seed"], workers=workers,
        out=out, twins=given["twins"], ensemble=given["ensemble"], progress=progress,
    )  # fmt: skip


def _design(again: Again, out: Path, workers: int | None, progress: Progress) -> None:
    from funis.pipeline.design import design_trial
    from funis.pipeline.design.page import write_folder

    given = again.request.arguments
    found = design_trial(
        stored_trial(again), sizes=given["sizes"], replicates=given["replicates"],
        patients=given["patients"], structures=given["structures"], ensemble=given["ensemble"],
        null=given["null"], workers=workers, progress=progress,
    )  # fmt: skip
    write_folder(found, out)


def _plan(again: Again, out: Path, workers: int | None, progress: Progress) -> None:
    from funis.pipeline.planning import Asked, plan_consultation
    from funis.report.plan import write_plan

    given = again.request.arguments
    kept = next(
        (again.folder / one for one in CONSULTATIONS if (again.folder / one).is_file()), None
    )
    today, day_0 = (date.fromisoformat(given[name]) for name in ("today", "day_0"))
    names = {field.name for field in fields(Asked)} & given.keys()
    known: dict[str, Any] = {
        name: tuple(v) if isinstance(v := given[name], list) else v for name in names
    }
    known["today"] = today
    asked = Asked(**known)
    found = plan_consultation(kept or given["consultation"], asked, progress)
    write_plan(found, out, day_0, request=given, consultation=kept)


def _cohort(again: Again, out: Path, workers: int | None, progress: Progress) -> None:
    from funis.pipeline.chunks import Layout
    from funis.pipeline.stream import stream_cohort

    given = again.request.arguments
    stream_cohort(
        given["disease"], given["doses"], out, weeks=given["weeks"], patients=given["patients"],
        seed=given["seed"], outputs=given["outputs"], workers=workers, progress=progress,
        layout=Layout(given["block"], given["blocks_per_file"]),
    )  # fmt: skip


MAKERS: Mapping[str, Callable[[Again, Path, int | None, Progress], None]] = {
    RUN: _run, DESIGN: _design, PLAN: _plan, COHORT: _cohort,
}  # fmt: skip


def stored_trial(again: Again) -> Trial:
    """Return the trial of a run: its own file if that is unchanged, else the copy beside the run.

    Raises
    ------
    InputError
        Neither is there with the hash that the run noted.
    """
    noted = again.manifest.get("protocol", {})
    name, place = str(again.request.arguments["trial"]), str(noted.get("file", ""))
    for path in _places(again, place):
        if path.is_file():
            trial = load_trial(path)
            if trial.protocol.hash == noted.get("hash"):
                return replace(trial, name=name, place=place)
    expected = f"--trial with the file whose hash is {str(noted.get('hash'))[:16]}..."
    message = f"its trial '{place}' is not there any more, or was changed"
    raise InputError(Issue(str(again.folder), None, None, message, expected))


def _places(again: Again, place: str) -> tuple[Path, ...]:
    """Return where a trial may stand; first where files that it names lie beside it."""
    if again.trial is not None:
        return (again.trial,)
    own = library_folder().parent / place if place.startswith("library/") else Path(place)
    return own, again.folder / TRIAL
