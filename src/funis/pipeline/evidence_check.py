"""What is wrong with a file of evidence: by itself, beside other files, and for its diseases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from funis.checks import Document, Issue, IssueList, nearest, read_yaml
from funis.checks.documents import KeyPath, dotted
from funis.evidence import Outcome, Study
from funis.evidence.library import other_studies
from funis.evidence.load import lint_studies, read_natural
from funis.models import disease_ids, library_folder
from funis.models.endpoints import Endpoints, load_endpoints

WITHOUT_DIMENSION = frozenset({"score", "points", "lesions", "events", "%", ""})
"""Units that the name of an endpoint says already."""


def evidence_issues(path: Path) -> IssueList:
    """Return everything that is wrong with a file of studies or of natural history."""
    document = read_yaml(path)
    if isinstance(document.data, dict):
        return IssueList(read_natural(document)[2])
    before, after = other_studies(path)
    return study_issues(document, before, after)[1]


def study_issues(
    document: Document, before: Sequence[Study], after: Sequence[Study] = ()
) -> tuple[tuple[Study, ...], IssueList]:
    """Return the studies of a file and what is wrong with them.

    Parameters
    ----------
    document
        What ``read_yaml`` gave.
    before
        Studies that count before them.
    after
        Others that marks may name.
    """
    studies, issues = lint_studies(document, before, after)
    return studies, IssueList((*issues, *endpoint_issues(document, studies)))


def endpoint_issues(document: Document, studies: Sequence[Study]) -> Iterator[Issue]:
    """Check that endpoints have a meaning in the disease, and numbers a unit of their endpoint.

    Known are the unit of the disease's own endpoint and those of ``library/evidence_units.yaml``.
    """
    for index, study in enumerate(studies):
        if study.disease not in disease_ids():
            continue
        for row, outcome in enumerate(study.outcomes):
            at: KeyPath = (index, "outcomes", row)
            yield from _outcome_issues(document, at, outcome, study.disease)
            yield from _unit_issues(document, at, outcome, study.disease)


def _outcome_issues(
    document: Document, at: KeyPath, outcome: Outcome, disease: str
) -> Iterator[Issue]:
    points = _endpoints(disease)
    if points.evidence_name(outcome.endpoint) is None:
        names = [one.published for one in points.evidence_names]
        message = (
            f"'{outcome.endpoint}' has no meaning in {disease}: it will be shown, not compared"
        )
        near = nearest(outcome.endpoint, names)
        yield _issue(document, (*at, "endpoint"), message, None, near, warning=True)


def _unit_issues(
    document: Document, at: KeyPath, outcome: Outcome, disease: str
) -> Iterator[Issue]:
    unit = _unit_of(outcome, _endpoints(disease))
    known = [] if unit is None else _known_units(outcome.endpoint, unit, _endpoints(disease))
    if unit is None or not known:
        return
    expected = known[0] if len(known) == 1 else "one of " + ", ".join(known)
    if outcome.unit is None and unit not in WITHOUT_DIMENSION:
        yield _issue(document, at, f"the unit of {outcome.endpoint} is missing", expected)
    elif outcome.unit is not None and _spelt(outcome.unit) not in {_spelt(one) for one in known}:
        message = f"'{outcome.unit}' is no unit of {outcome.endpoint}"
        near = nearest(outcome.unit, known)
        yield _issue(document, (*at, "unit"), message, expected, near)


def _known_units(published: str, unit: str, points: Endpoints) -> list[str]:
    """Return the units of a published name: the endpoint's own unless a factor lies between."""
    name = points.evidence_name(published)
    own = [unit] if name is not None and name.factor == 1 else []
    return [*own, *_published_units().get(published, ())]


def _unit_of(outcome: Outcome, points: Endpoints) -> str | None:
    """Return the unit of the disease's endpoint where an outcome gives a number of it."""
    numbers = (outcome.mean, outcome.median, outcome.range)
    name = points.evidence_name(outcome.endpoint)
    if name is None or all(number is None for number in numbers):
        return None
    if outcome.kind not in (None, "change", "mean_difference"):
        return None
    if name.endpoint not in points.numbers or name.measure in ("responder", "rate"):
        return None
    return points.number(name.endpoint).unit


def _spelt(unit: str) -> str:
    """A unit without what may be written in more than one way."""
    plain = unit.split("(")[0].casefold().replace(" ", "").replace("µ", "u")
    return plain.replace("/24h", "/d").replace("/day", "/d")


def _issue(
    document: Document,
    at: KeyPath,
    message: str,
    expected: str | None,
    near: str | None = None,
    *,
    warning: bool = False,
) -> Issue:
    place = (document.file, document.line(at), dotted(at))
    return Issue(*place, message, expected, near, "warning" if warning else "error")


@cache
def _published_units() -> dict[str, list[str]]:
    return dict(read_yaml(library_folder() / "evidence_units.yaml").data)


@cache
def _endpoints(disease: str) -> Endpoints:
    return load_endpoints(library_folder() / "diseases" / disease / "endpoints.yaml")
