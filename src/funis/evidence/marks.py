"""What several studies have to say of each other: duplicates, shared patients, pooled results.

A publication that stands twice, or a trial that was reported twice, must be marked
(``duplicate_of``, ``overlaps``), so that its patients count once. Studies of one ``family`` may
share patients too; ``overlaps`` may name the family itself.
"""

import re
from collections.abc import Iterator, Sequence

from funis.checks import nearest
from funis.evidence.findings import Finding
from funis.evidence.studies import Study

REGISTRY = re.compile(r"NCT\d{8}|ChiCTR[-A-Z]*\d+|IRCT\w*\d{6,}\w*|CRD\d+|\d{4}-\d{6}-\d{2}")
"""Numbers by which trials and reviews are registered."""

Located = tuple[int, Finding]
"""A finding on the study at an index."""


def check_marks(studies: Sequence[Study], others: Sequence[Study] = ()) -> Iterator[Located]:
    """Check each study against those before it and against the studies of other files.

    Parameters
    ----------
    studies
        Studies of one file.
    others
        Studies that count before them.
    """
    for index, study in enumerate(studies):
        for other in (*others, *studies[:index]):
            for finding in check_pair(study, other):
                yield index, finding


def check_pair(study: Study, other: Study) -> Iterator[Finding]:
    """Check what one study must say of an earlier one, at most one thing."""
    if study.id == other.id:
        own = other.origin == "user"
        where = "among the user's own studies" if own else "in the library"
        message = f"the study '{study.id}' stands {where} already"
        yield Finding(("id",), message, "another id, or --replace" if own else "another id")
    elif linked(study, other):
        return
    elif same := _same_publication(study, other):
        expected = f"duplicate_of: {other.id}, or overlaps: [{other.id}]"
        yield Finding((same,), f"'{other.id}' has the same {same}", expected)
    elif _both_pooled(study, other):
        message = f"the meta-analysis '{other.id}' may pool the same studies"
        expected = f"overlaps: [{other.id}]"
        yield Finding(("overlaps",), message, expected, "warning")
    elif _same_family(study, other):
        message = f"'{other.id}' of the family {study.family} may have the same patients"
        expected = f"overlaps: [{other.id}], or distinct_from: [{other.id}]"
        yield Finding(("family",), message, expected, "warning")


def check_names(studies: Sequence[Study], known: Sequence[Study]) -> Iterator[Located]:
    """Check that every study or family that a mark names exists."""
    ids = {study.id for study in (*studies, *known)}
    families = {study.family for study in studies if study.family is not None}
    for index, study in enumerate(studies):
        marks = [
            *(("overlaps", name) for name in study.overlaps if name not in families),
            *(("distinct_from", name) for name in study.distinct_from),
            *([("duplicate_of", study.duplicate_of)] if study.duplicate_of else []),
        ]
        for key, name in marks:
            if name not in ids or name == study.id:
                near = nearest(name, sorted(ids - {study.id}))
                expected = "the id of another study" + (f" such as '{near}'" if near else "")
                yield index, Finding((key,), f"no other study '{name}'", expected)


def linked(study: Study, other: Study) -> bool:
    """Whether the marks of two studies say how their patients relate."""
    return any(_names(one, two) for one, two in ((study, other), (other, study))) or (
        (study.duplicate_of or study.id) == (other.duplicate_of or other.id)
    )


def shares_patients(study: Study, other: Study) -> bool:
    """Whether two studies share patients or inputs, or may do so, by their marks."""
    if (study.duplicate_of or study.id) == (other.duplicate_of or other.id):
        return True
    return _overlaps(study, other) or _overlaps(other, study)


def _names(one: Study, two: Study) -> bool:
    return _overlaps(one, two) or two.id in one.distinct_from


def _overlaps(one: Study, two: Study) -> bool:
    same = one.family is not None and one.family == two.family
    return two.id in one.overlaps or (same and one.family in one.overlaps)


def _same_publication(study: Study, other: Study) -> str | None:
    """Return the key by which two records are of one publication or one trial."""
    for key in ("doi", "pmid"):
        mine, theirs = getattr(study, key), getattr(other, key)
        if mine and theirs and mine.casefold() == theirs.casefold():
            return key
    mine, theirs = (set(REGISTRY.findall(one.registry or "")) for one in (study, other))
    return "registry" if mine & theirs else None


def _both_pooled(study: Study, other: Study) -> bool:
    pooled = {study.evidence_type, other.evidence_type} == {"meta-analysis"}
    cells = study.gate is None and other.gate is None
    return pooled and cells and study.disease == other.disease


def _same_family(study: Study, other: Study) -> bool:
    same = study.family is not None and study.family == other.family
    counted = bool(study.population.n) and bool(other.population.n)
    return same and counted and study.disease == other.disease
