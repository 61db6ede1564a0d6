"""The manifest of a stored run, held against its shape before anything is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from funis.checks import InputError, Issue
from funis.pipeline.runs.request import kind_of
from funis.store import MANIFEST, NotOurs, read_manifest


class _Row(BaseModel):
    """A figure or table: exactly what `funis.report.codes.FigureMark` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    kind: Literal["figure", "table"]
    title: str
    about: str = ""
    arm: str = ""
    code: str = ""


class _Settings(BaseModel):
    """What a cohort was asked for, as far as a list of runs says it."""

    model_config = ConfigDict(strict=True)

    doses: list[Any] = []
    patients: int | None = None
    seed: int | None = None
    disease: str | None = None


class _Shape(BaseModel):
    """The kinds of values that a manifest holds; it may hold more."""

    model_config = ConfigDict(strict=True)

    files: dict[str, str] = {}
    figures: list[_Row] = []
    settings: _Settings = _Settings()
    request: dict[str, Any] | None = None
    more: dict[str, Any] = {}
    patients: dict[str, int] | int | None = None
    failed: dict[str, dict[str, int] | int] | int | None = None
    seed: int | None = None
    code: str | None = None
    command: str | None = None
    model_hash: str | None = None
    alerts: list[str] = []


class _Trial(_Shape):
    """The manifest of a trial or of a design: it names its protocol with file and hash."""

    protocol: dict[str, Any] = {}


def run_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run.

    Raises
    ------
    InputError
        The folder has no manifest, one that cannot be read, or one that funis did not write so.
    """
    manifest = read_manifest(folder)
    _require_whole_text(folder, manifest)
    shape = _Trial if kind_of(manifest) in ("run", "design") else _Shape
    try:
        shape.model_validate(manifest)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in fault["loc"])
        problem = f"is not as funis writes it ({fault['msg'].lower()})"
        raise InputError(Issue(str(folder / MANIFEST), None, key, problem)) from None
    return manifest


def _require_whole_text(folder: Path, manifest: dict[str, Any]) -> None:
    try:
        json.dumps(manifest, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        problem = "holds half of a character (a lone surrogate)"
        raise InputError(Issue(str(folder / MANIFEST), None, None, problem)) from None


def holds_run(folder: Path) -> bool:
    """Whether a folder holds a run, or a manifest that cannot be read and may have been one's."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        return kind_of(read_manifest(folder)) is not None
    except NotOurs:
        return False
    except InputError:
        return True
