"""Stored runs over the API: the list, one run's manifest, its files, and deleting it."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from funis.apps.web.api.answer import Answer
from funis.apps.web.api.jobs import HELD, NOT_THERE, Forgotten, database_of
from funis.apps.web.storage import jobs, runs

router = APIRouter(prefix="/api/runs", tags=["runs"])

RunId = Annotated[
    str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Name of a run's folder.")
]
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".yaml": "application/yaml",
}
"""What a file of a run is said to be; another is handed out as bytes."""

SHOWN = frozenset({".html", ".json", ".svg", ".pdf"})
"""What a browser shows; all else it saves."""


class RunEntry(BaseModel):
    """A stored run, as its manifest tells of it."""

    id: str
    title: str
    disease: str
    command: str
    seed: int | None
    library_version: str
    written: datetime
    files: int
    size_byte: int


class RunsAnswer(Answer):
    """Every stored run, the newest first."""

    runs: list[RunEntry]


class RunAnswer(Answer):
    """A stored run with its manifest and the names of its files."""

    run: RunEntry
    names: list[str]
    manifest: dict[str, Any]


@router.get("")
def listing(request: Request) -> RunsAnswer:
    """List the stored runs."""
    with database_of(request).writing() as session:
        found = runs.listing(session, _folder(request))
    return RunsAnswer(runs=[_entry(run) for run in found])


@router.get("/{id}", responses=NOT_THERE)
def one(request: Request, id: RunId) -> RunAnswer:
    """Return a run with its manifest."""
    found = runs.find(_folder(request), id)
    if found is None:
        raise HTTPException(404, [f"no run {id}"])
    run, manifest = found
    return RunAnswer(
        run=_entry(run), names=sorted(manifest.get("files", {})), manifest=dict(manifest)
    )


@router.delete("/{id}", responses=HELD)
def delete(request: Request, id: RunId) -> Forgotten:
    """Delete a run with all its files, and forget the job that wrote it."""
    with database_of(request).writing() as session:
        job = jobs.get(session, id)
        if job is not None and not job.status.is_over:
            raise HTTPException(409, [f"run {id} is being written; cancel its job first"])
        if not runs.delete(session, _folder(request), id):
            raise HTTPException(404, [f"no run {id}"])
        if job is not None:
            jobs.delete(session, id)
    return Forgotten(deleted=id)


@router.get("/{id}/files/{name:path}", response_class=FileResponse, responses=NOT_THERE)
def file(request: Request, id: RunId, name: str) -> Response:
    """Return a file of a run: one that its manifest lists, or the manifest."""
    path = runs.file_of(_folder(request), id, name)
    if path is None:
        raise HTTPException(404, [f"no such file in run {id}"])
    headers = {"Content-Security-Policy": policy_of(path), "Cache-Control": "private, no-cache"}
    return FileResponse(
        path, headers=headers, media_type=KINDS.get(path.suffix, "application/octet-stream"),
        filename=f"{id}-{path.name}",
        content_disposition_type="inline" if path.suffix in SHOWN else "attachment",
    )  # fmt: skip


def policy_of(path: Path) -> str:
    """Return the content security policy of a file: it stands alone, in a sandbox.

    A page of a report holds its scripts and styles within; exactly those may run, by their hash,
    and nothing may be fetched.
    """
    scripts, styles = _inline(path) if path.suffix == ".html" else ((), ())
    return "; ".join(
        (
            "sandbox allow-scripts allow-downloads allow-popups",
            "default-src 'none'",
            f"script-src {' '.join(scripts) or chr(39) + 'none' + chr(39)}",
            f"style-src {' '.join(styles) or chr(39) + 'none' + chr(39)}",
            "img-src data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


class _Inline(HTMLParser):
    """Collects the content of the script and style elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self._within: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.found:
            self._within = tag
            self.found[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = None

    def handle_data(self, data: str) -> None:
        if self._within is not None:
            self.found[self._within][-1] += data


def _inline(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parser = _Inline()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    scripts, styles = (
        tuple(dict.fromkeys(_hash(text) for text in parser.found[tag] if text))
        for tag in ("script", "style")
    )
    return scripts, styles


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _folder(request: Request) -> Path:
    folder: Path = request.app.state.settings.folder
    return folder


def _entry(run: runs.StoredRun) -> RunEntry:
    return RunEntry(
        id=run.id, title=run.title, disease=run.disease, command=run.command, seed=run.seed,
        library_version=run.library_version, written=run.written, files=run.files,
        size_byte=run.size_byte,
    )  # fmt: skip
