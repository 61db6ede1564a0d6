"""The folder of a plan: page, print, calendar, FHIR bundle and data, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from importlib import metadata
from pathlib import Path

from funis.plan import Plan
from funis.report.plan.document import document_text
from funis.report.plan.fhir import bundle_text
from funis.report.plan.html import render_plan
from funis.report.plan.ics import DAY_0, calendar_text
from funis.report.plan.pdf import plan_pdf
from funis.report.statement import RESEARCH_USE, SIMULATED
from funis.store import run_folder, write_bytes, write_manifest

FILES: Mapping[str, Callable[[Plan], bytes]] = {
    "plan.html": lambda plan: render_plan(plan).encode(),
    "plan.pdf": plan_pdf,
    "calendar.ics": lambda plan: calendar_text(plan).encode(),
    "fhir.json": lambda plan: bundle_text(plan).encode(),
    "plan.json": lambda plan: document_text(plan).encode(),
}
"""What the folder holds, beside the manifest that says it is ours to replace."""


def write_plan(
    plan: Plan,
    folder: Path | str,
    day_0: date = DAY_0,
    *,
    request: Mapping[str, object] | None = None,
    consultation: Path | None = None,
) -> Path:
    """Write every output of a plan into a folder, whole or not at all, and return its path.

    Parameters
    ----------
    plan
    folder
        Where to.
    day_0
        The made-up day of the first infusion, for the calendar.
    request
        What the plan was asked for, so that it can be asked for again.
    consultation
        File of the consultation; a copy is kept beside the plan.

    Raises
    ------
    InputError
        If the place cannot be written to, or holds something that funis did not write.
    """
    target = Path(folder)
    contents = {name: plan_file(plan, name, day_0) for name in FILES}
    with run_folder(target) as place:
        for name, content in contents.items():
            write_bytes(place / name, content)
        if consultation is not None:
            content = consultation.read_bytes()
            write_bytes(place / f"consultation{consultation.suffix}", content)
        asked = {} if request is None else {"request": dict(request)}
        write_manifest(place, {**_manifest(plan), **asked})
    return target


def plan_file(plan: Plan, name: str, day_0: date = DAY_0) -> bytes:
    """Return one output of a plan.

    Parameters
    ----------
    plan
    name
        One of `FILES`.
    day_0
        The made-up day of the first infusion, for the calendar.
    """
    if name == "calendar.ics":
        return calendar_text(plan, day_0).encode()
    return FILES[name](plan)


def _manifest(plan: Plan) -> dict[str, object]:
    return {
        "kind": "plan", "title": plan.protocol.title, "disease_id": plan.consultation.disease,
        "library_version": f"funis {metadata.version('funis')}",
        "research_use": RESEARCH_USE, "data": SIMULATED, "evidence": plan.grade,
        "protocol": plan.protocol.id, "arm": plan.protocol.arm,
        "consultation": plan.consultation.id, "files": sorted(FILES),
    }  # fmt: skip
