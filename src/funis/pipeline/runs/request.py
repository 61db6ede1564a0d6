"""What a stored run was asked for, read from its manifest, so that it can be asked for again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.checks import InputError, Issue

if TYPE_CHECKING:
    from funis.pipeline.planning import Asked

RUN, DESIGN, PLAN, COHORT = "run", "design", "plan", "cohort"
KINDS: Mapping[str, str] = {
    RUN: "virtual trial", DESIGN: "design of a trial", PLAN: "plan for a virtual patient",
    COHORT: "cohort under given doses",
}  # fmt: skip
"""Kinds of stored runs, and how each is called."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked for.

    Attributes
    ----------
    kind
        run | design | plan | cohort.
    arguments
        By name, as JSON values.
    guessed
        What an older manifest does not say and is taken as usual, in words; empty for none.
    """

    kind: str
    arguments: Mapping[str, Any]
    guessed: str = ""


def kind_of(manifest: Mapping[str, Any]) -> str | None:
    """Return the kind of run that a manifest is of; None where it is of none."""
    kind = manifest.get("kind")
    if kind is not None:
        return kind if isinstance(kind, str) and kind in KINDS else None
    if "settings" in manifest:
        return COHORT
    if "fixed_before_the_first_patient" in manifest:
        return DESIGN
    return RUN if {"protocol", "patients", "seed"} <= manifest.keys() else None


def request_of(folder: Path, manifest: Mapping[str, Any]) -> Request:
    """Return what a run was asked for.

    Manifests of before this was written down are read by what else they say.

    Raises
    ------
    InputError
        The manifest does not say enough.
    """
    kind, noted = kind_of(manifest), manifest.get("request")
    if kind == COHORT:
        return Request(COHORT, manifest["settings"])
    if kind is not None and isinstance(noted, Mapping):
        return Request(kind, noted)
    if kind in (RUN, DESIGN):
        return _from_command(kind, folder, manifest)
    expected = "a folder that `funis run`, `design`, `plan` or `simulate` wrote"
    message = "does not say what it was asked for"
    raise InputError(Issue(str(folder), None, None, message, expected))


def plan_request(consultation: str | Path, asked: Asked, day_0: date) -> dict[str, Any]:
    """Return what a plan is asked for, with the day that its warnings are held against."""
    days = {"today": asked.today or date.today(), "day_0": day_0}
    return {
        "kind": PLAN, "consultation": str(consultation), **asdict(asked),
        **{name: day.isoformat() for name, day in days.items()},
    }  # fmt: skip


def _from_command(kind: str, folder: Path, manifest: Mapping[str, Any]) -> Request:
    """Read the command that a manifest names: `funis run NAME --patients 30 --seed 7`."""
    words = shlex.split(str(manifest.get("command", "")))[2:]
    options = {word: words[place + 1] for place, word in enumerate(words[:-1])}
    if not words:
        raise InputError(Issue(str(folder), None, None, "names no command", "a run of funis"))
    if kind == DESIGN:
        return Request(DESIGN, _design_arguments(words, options))
    usual = "none" if "ensemble" not in manifest.get("more", {}) else "borrowed"
    basis = options.get("--ensemble", usual)
    arguments = {
        "trial": words[0], "patients": int(options["--patients"]), "seed": int(manifest["seed"]),
        "twins": int(manifest.get("more", {}).get("twins", 0)), "ensemble": basis,
    }  # fmt: skip
    guessed = "--ensemble" not in options and basis != "none"
    return Request(RUN, arguments, "ensemble borrowed" if guessed else "")


def _design_arguments(words: list[str], at: Mapping[str, str]) -> dict[str, Any]:
    from funis.pipeline.design.plan import PATIENTS
    from funis.pipeline.inputs import named

    return {
        "trial": words[0], "sizes": [int(n) for n in at["--n"].split(",")],
        "replicates": int(at["--replicates"]), "null": "--null" in words,
        "structures": list(named(at.get("--structures", "none"))),
        "ensemble": at.get("--ensemble", "borrowed"),
        "patients": int(at.get("--patients", PATIENTS)),
    }  # fmt: skip
