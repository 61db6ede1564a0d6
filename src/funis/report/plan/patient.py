"""The virtual patient of a plan: what the consultation found, and each criterion against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from funis.plan import Consultation, Judgement, Medication, Plan, PreviousInfusion
from funis.plan.consultation import library_model
from funis.plan.vocabulary import library_words
from funis.report.numerals import MISSING
from funis.report.plan.content import Cell, Column, Kind, Section, Table, row
from funis.report.plan.numbers import number, unit_words, words

NOT_KNOWN = "not known"
_KINDS: dict[str, Kind] = {"meets": "meets", "does not meet": "not", "cannot tell": "cannot"}
FAILURES_FIRST = ("does not meet", "cannot tell", "meets")
_COLUMNS = (Column("Item", 1.0), Column("Found", 2.2))
_OVERALL = {
    "meets": "This virtual patient meets every entry criterion of the protocol.",
    "does not meet": "This virtual patient does not meet the entry criteria of the protocol.",
    "cannot tell": "Whether this virtual patient meets the entry criteria cannot be told.",
}


def consultation_section(plan: Plan) -> Section:
    """Return what the consultation found; what was not asked is shown as not known."""
    found = plan.consultation
    tables = [
        Table("The virtual patient", _COLUMNS, _person(found)),
        Table("Severity and laboratory", _COLUMNS, _measured(found)),
        Table("Treatment and history", _COLUMNS, _history(found)),
    ]
    text = "A virtual patient, described by nobody's record. What is not known is not assumed."
    return Section(
        "consultation", "Consultation", (text,), tables=tuple(one for one in tables if one.rows)
    )


def eligibility_section(plan: Plan) -> Section:
    """Return the judgement on each criterion with value, rule, reason and source."""
    found = plan.eligibility
    paragraphs = [
        f"{_OVERALL[found.verdict]} That says nothing about whether anybody should be treated."
    ]
    if found.missing:
        paragraphs.append(f"Missing: {', '.join(words(name).lower() for name in found.missing)}.")
    tables = [
        _judgements("Criteria of the protocol", found.judgements, "protocol"),
        _judgements("General criteria of the library", found.judgements, "general"),
    ]
    return Section(
        "eligibility", "Eligibility for this protocol", tuple(paragraphs),
        tables=tuple(one for one in tables if one.rows), after=found.notes,
    )  # fmt: skip


def _person(found: Consultation) -> tuple[tuple[Cell, ...], ...]:
    return (
        row("Id", found.id),
        row("Disease", library_model(found.disease).name),
        row("Age", _with_unit(found.age_year, "years")),
        row("Sex", found.sex or NOT_KNOWN),
        row("Weight", _with_unit(found.weight_kg, "kg")),
        row("Height", _with_unit(found.height_cm, "cm")),
        row("Time since diagnosis", _with_unit(found.duration_year, "years")),
        row("Classification criteria met", _several(found.criteria_met)),
        row("Goals", _several(found.goals)),
    )


def _measured(found: Consultation) -> tuple[tuple[Cell, ...], ...]:
    points = library_model(found.disease).endpoints
    named = {one.id: (one.name, one.unit) for one in points.components}
    named |= {one.id: (one.name, one.unit) for one in points.scores}
    signs = {one.id: one.name for one in points.components if one.scale == "presence"}
    scores = []
    for name, value in found.severity.items():
        if name in signs:
            continue
        title, unit = named.get(name, (_label(name), ""))
        scores.append(row(title, _with_unit(value, unit_words(unit))))
    labs = [
        row(_label(name), _with_unit(one.value, unit_words(one.unit)))
        for name, one in found.labs.items()
    ]
    egfr = row("Estimated glomerular filtration", _with_unit(found.renal_egfr, "mL/min/1.73 m²"))
    return (*scores, *_signs(found, signs), *labs, egfr)


def _signs(found: Consultation, signs: Mapping[str, str]) -> list[tuple[Cell, ...]]:
    """Return signs that are there, and those that are not, each in one row."""
    asked = {signs[name]: value for name, value in found.severity.items() if name in signs}
    there = [name for name, value in asked.items() if value]
    absent = [name for name, value in asked.items() if not value]
    both = (("Signs present", there), ("Signs not present", absent))
    return [row(title, "; ".join(names) or "none") for title, names in both if asked]


def _history(found: Consultation) -> tuple[tuple[Cell, ...], ...]:
    drugs = found.medication
    cells = found.previous_infusions
    return (
        row("Medication", _lines(None if drugs is None else [_drug(one) for one in drugs])),
        row("Prior failures", _several(found.prior_failures)),
        row("Other diseases", _several(found.comorbidities)),
        row("Allergies", _several(found.allergies)),
        row("Pregnant", _yes_no(found.pregnant)),
        row("Breastfeeding", _yes_no(found.breastfeeding)),
        row("Infection", _said(found.infection)),
        row("Malignancy", _said(found.malignancy)),
        row("Thrombosis risk", _said(found.thrombosis_risk)),
        row("Recent live vaccine", _yes_no(found.live_vaccine)),
        row("Earlier infusions", _lines(None if cells is None else [_cells(one) for one in cells])),
        row("Antibodies against donor HLA", _yes_no(found.anti_hla)),
    )


def _judgements(caption: str, found: Iterable[Judgement], origin: str) -> Table:
    columns = (
        Column("Criterion", 2.2), Column("Verdict", 0.9), Column("Reason", 2.2),
        Column("Source", 2.2),
    )  # fmt: skip
    mine = [one for one in found if one.origin == origin]
    ordered = sorted(mine, key=lambda one: FAILURES_FIRST.index(one.verdict))
    rows = tuple(_judgement(one) for one in ordered)
    return Table(caption, columns, rows)


def _judgement(one: Judgement) -> tuple[Cell, ...]:
    text = one.text.removesuffix(f": {one.rule}")  # the rule stands below its name
    return (
        Cell(text[:1].upper() + text[1:], one.rule if one.rule != text else ""),
        Cell(one.verdict, kind=_KINDS[one.verdict]),
        Cell(one.reason, _value(one)),
        Cell(one.source, kind="source"),
    )


def _value(one: Judgement) -> str:
    """Return what was found, where the reason does not say it."""
    if one.value is None:
        return "missing"
    return "" if one.value in one.reason else f"found: {one.value}"


def _drug(one: Medication) -> str:
    dose = "" if one.dose is None else f"{number(one.dose)} {unit_words(one.unit or '')}"
    times = []
    if one.since_week is not None:
        times.append(f"for {number(one.since_week)} weeks")
    if one.stopped_week is not None:
        times.append(f"stopped {number(one.stopped_week)} weeks ago")
    return ", ".join(part for part in (_label(one.drug), dose, *times) if part)


def _cells(one: PreviousInfusion) -> str:
    ago = "" if one.weeks_ago is None else f", the last {number(one.weeks_ago)} weeks ago"
    reacted = {None: "", True: ", with a reaction", False: ", without a reaction"}[one.reaction]
    return f"{_label(one.tissue)} MSC, {one.times} times{ago}{reacted}"


def _label(name: str) -> str:
    told = _told().get(name)
    return told or (words(name) if name.islower() else name.replace("_", " "))


def _told() -> Mapping[str, str]:
    """Return the words of the library by their keys."""
    found = library_words()
    labs = {name: lab.name for name, lab in found.labs.items()}
    return {
        **found.comorbidities, **found.allergies, **found.goals, **found.criteria_met,
        **labs,
    }  # fmt: skip


def _with_unit(value: float | None, unit: str) -> str:
    return NOT_KNOWN if value is None else f"{number(value)} {unit}".strip()


def _several(names: tuple[str, ...] | None) -> str:
    return _lines(None if names is None else [_label(name) for name in names])


def _lines(items: list[str] | None) -> str:
    if items is None:
        return NOT_KNOWN
    return "; ".join(items) or "none"


def _yes_no(value: bool | None) -> str:
    return NOT_KNOWN if value is None else "yes" if value else "no"


def _said(value: str | None) -> str:
    return NOT_KNOWN if value is None else value.replace("_", " ") or MISSING
