"""What is wrong with a file of adverse events: names, routes, studies, and pools that are stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from funis.checks import Document, Issue, IssueList, nearest, read_yaml, validate
from funis.checks.documents import KeyPath, dotted
from funis.evidence import library_studies
from funis.models import disease_ids
from funis.pipeline.safety.refit import computed, written
from funis.safety.load import POOLS, load_safety_file
from funis.safety.schema import SafetySchema


def safety_file_issues(path: Path) -> IssueList:
    """Return everything that is wrong with a file of adverse events and the pools beside it.

    Raises
    ------
    InputError
        If it cannot be read, or a name in it does not exist.
    """
    if path.name == POOLS:
        path = path.parent / "safety.yaml"
    load_safety_file(path)
    document = read_yaml(path)
    asked = validate(SafetySchema, document)
    return IssueList((*_names(document, asked), *_stale(document, path)))


def _names(document: Document, asked: SafetySchema) -> Iterator[Issue]:
    """Return diseases and studies that do not exist."""
    studies = [study.id for study in library_studies()]
    for name, term in asked.terms.items():
        for place, hazard in enumerate(term.over_time):
            at = ("terms", name, "over_time", place, "diseases")
            for disease in hazard.diseases:
                yield from _unknown(document, at, disease, disease_ids(), "disease")
    for name, pool in asked.pools.items():
        for study in (*pool.only, *(one.study for one in pool.unmentioned)):
            yield from _unknown(document, ("pools", name), study, studies, "study")
    for name, ratio in asked.ratios.items():
        if ratio.study is not None:
            yield from _unknown(document, ("ratios", name, "study"), ratio.study, studies, "study")


def _unknown(
    document: Document, at: KeyPath, word: str, known: tuple[str, ...] | list[str], what: str
) -> Iterator[Issue]:
    if word not in known:
        message, near = f"unknown {what} '{word}'", nearest(word, known)
        expected = f"a {what} of the library"
        yield Issue(document.file, document.line(at), dotted(at), message, expected, near)


def _stale(document: Document, path: Path) -> Iterator[Issue]:
    """Return an issue where the pools are not those of the evidence as it stands."""
    place = path.parent / POOLS
    if place.read_text(encoding="utf-8") != written(computed(path)):
        message = "the pools are not those of the evidence as it stands"
        yield Issue(str(place), None, None, message, "what funis safety --refit writes")
