"""`funis check` on a register of claims: whatever it names is in the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from funis.checks import Document, Issue, IssueList, nearest, read_yaml
from funis.checks.documents import KeyPath, dotted
from funis.claims.register import EffectPart, LastingPart, Part, SharePart, load_register
from funis.models import library_folder, load_model
from funis.pipeline.claims.judge import recipes
from funis.pipeline.inputs import trial_names
from funis.protocol import Protocol, load_protocol

Fault = tuple[str, str, str, Sequence[str]]
"""Key, what is wrong, the name that was given, and the names that exist."""


def register_issues(path: Path) -> IssueList:
    """Return every recipe, trial, arm, week and endpoint of a register that does not exist.

    Raises
    ------
    InputError
        The file cannot be read as a register.
    """
    register, document = load_register(path), read_yaml(path)
    known = [one.id for one in recipes()]
    issues = []
    for number, claim in enumerate(register.claims):
        at: KeyPath = ("claims", number)
        for name in claim.recipes:
            if name not in known:
                fault = ("recipes", "no advertised recipe", name, known)
                issues.append(_issue(document, at, fault))
        for place, part in enumerate(claim.parts):
            here = (*at, "parts", place)
            issues += [_issue(document, here, fault) for fault in part_faults(part)]
    return IssueList(issues)


def part_faults(part: Part) -> Iterator[Fault]:
    """Return what a part names and the library has not."""
    if not isinstance(part, EffectPart | SharePart | LastingPart):
        return
    if not isinstance(part, LastingPart):
        names = endpoint_names(part.disease)
        if part.endpoint not in names:
            yield "endpoint", f"unknown endpoint of '{part.disease}'", part.endpoint, names
    if part.trial is not None and part.trial not in trial_names():
        yield "trial", "unknown trial", part.trial, trial_names()
    elif part.trial is not None and part.arm is not None:
        yield from _trial_faults(part, part.trial, part.arm)


def _trial_faults(
    part: EffectPart | SharePart | LastingPart, trial: str, arm: str
) -> Iterator[Fault]:
    protocol = _protocol(trial)
    arms = [one.id for one in protocol.arms]
    if arm not in arms:
        yield "arm", f"no such arm in '{trial}'", arm, arms
    if not isinstance(part, LastingPart) and part.week not in protocol.visits.weeks:
        weeks = [f"{week:g}" for week in protocol.visits.weeks]
        yield "week", f"no visit of '{trial}' at week", f"{part.week:g}", weeks


@cache
def _protocol(trial: str) -> Protocol:
    return load_protocol(library_folder() / "trials" / f"{trial}.yaml")


@cache
def endpoint_names(disease: str) -> tuple[str, ...]:
    """Return what a part may name: numbers, responses, levels, and what cannot be measured."""
    endpoints = load_model(disease).endpoints
    levels = [name for one in endpoints.categories for name in one.level_names]
    responders = [one.id for one in endpoints.responders]
    unmeasured = [one.id for one in endpoints.not_testable]
    return (*endpoints.numbers, *responders, *levels, *unmeasured)


def _issue(document: Document, at: KeyPath, fault: Fault) -> Issue:
    key, message, given, names = fault
    path = (*at, key)
    expected = "one of " + ", ".join(names)
    return Issue(
        document.file, document.line(path), dotted(path), f"{message} '{given}'", expected,
        nearest(given, names),
    )  # fmt: skip
