"""What a consultation says that cannot be, or cannot be together with something else it says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from funis.checks import Document, Issue, IssueList, nearest
from funis.checks.documents import KeyPath, dotted
from funis.checks.ranges import Range
from funis.models import Model
from funis.plan.consulted import Consultation
from funis.plan.severity import component_ranges, computed_range, limits_of, severity_names
from funis.plan.vocabulary import library_words

BODY_MASS = (8.0, 90.0)
"""Body-mass index that any weight and height have together [kg/m2]; bounds assumed."""

Finding = tuple[KeyPath, str, str | None, str | None]


def contradictions(consultation: Consultation, model: Model, document: Document) -> IssueList:
    """Return one issue for each thing that cannot be, with its line.

    Parameters
    ----------
    consultation : Consultation
    model : Model
        Its disease.
    document : Document
        Where it was read.
    """
    found = (
        *_persons(consultation),
        *_severities(consultation, model),
        *_labs(consultation, model),
        *_scores(consultation, model),
        *_medication(consultation),
    )
    return IssueList(
        Issue(document.file, document.line(path), dotted(path), message, expected, near)
        for path, message, expected, near in found
    )


def _persons(one: Consultation) -> Iterator[Finding]:
    for key in ("pregnant", "breastfeeding"):
        if one.sex == "male" and getattr(one, key):
            yield (key,), f"a man who is {key}", "false, or sex: female", None
    if one.age_year is not None and (one.duration_year or 0) > one.age_year:
        message = f"ill for {one.duration_year:g} years at an age of {one.age_year:g}"
        yield ("duration_year",), message, "at most age_year", None
    if one.height_cm is not None:
        mass = one.weight_kg / (one.height_cm / 100) ** 2
        if not BODY_MASS[0] <= mass <= BODY_MASS[1]:
            message = (
                f"{one.weight_kg:g} kg at {one.height_cm:g} cm, a body-mass index of {mass:.0f}"
            )
            yield ("height_cm",), message, "weight and height of one person", None


def _severities(one: Consultation, model: Model) -> Iterator[Finding]:
    names = severity_names(model)
    for name, value in one.severity.items():
        low, high = limits_of(name, model)
        at = ("severity", name)
        if name not in names:
            message = f"'{name}' is no component or score of the disease '{model.id}'"
            expected = "one of " + ", ".join(names)
            yield at, message, expected, nearest(name, names)
        elif not low <= value <= high:
            yield at, f"{value:g} cannot be", f"{low:g} to {high:g}", None


def _labs(one: Consultation, model: Model) -> Iterator[Finding]:
    words = library_words().labs
    measured = {
        part.id: part for part in model.endpoints.components if part.reporter == "laboratory"
    }
    for name, lab in one.labs.items():
        if name not in words and name not in measured:
            known = (*words, *measured)
            message, expected = f"unknown test '{name}'", "one of " + ", ".join(known)
            yield ("labs", name), message, expected, nearest(name, known)
            continue
        part = words[name] if name in words else measured[name]
        if lab.unit != part.unit:
            yield ("labs", name, "unit"), f"'{lab.unit}' is not its unit", part.unit, None
        elif not part.low <= lab.value <= part.high:
            expected = f"{part.low:g} to {part.high:g} {part.unit}"
            yield ("labs", name, "value"), f"{lab.value:g} cannot be", expected, None
        elif one.severity.get(name, lab.value) != lab.value:
            message = f"{lab.value:g}, and {one.severity[name]:g} under severity"
            yield ("labs", name, "value"), message, "one value", None


def _scores(one: Consultation, model: Model) -> Iterator[Finding]:
    """Yield scores that the components beside them cannot give."""
    known = component_ranges(one, model)
    for name in model.endpoints.order:
        computed = computed_range(name, model, known)
        given = one.severity.get(name)
        known[name] = computed
        if given is not None:
            known[name] = (given, given)
            if not _fits(given, computed):
                yield (
                    ("severity", name),
                    f"{given:g} contradicts its components, which give {_shown(computed)}",
                    _shown(computed), None,
                )  # fmt: skip


def _fits(given: float, computed: Range) -> bool:
    """Whether a score lies in a range, give or take one unit of its last decimal."""
    exponent = Decimal(str(given)).as_tuple().exponent
    assert isinstance(exponent, int)
    unit = 1.0 if given == int(given) else 10.0**exponent
    low, high = computed
    return low - unit <= given <= high + unit


def _shown(computed: Range) -> str:
    low, high = (f"{round(limit, 3):g}" for limit in computed)
    return low if low == high else f"{low} to {high}"


def _medication(one: Consultation) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for place, taken in enumerate(one.medication or ()):
        if taken.stopped_week is None:
            first = seen.setdefault(taken.drug, place)
            if first != place:
                message = f"'{taken.drug}' is taken twice"
                yield ("medication", place, "drug"), message, "each drug once", None
