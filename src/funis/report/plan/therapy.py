"""The protocol of a plan, the worksheet of its product and the calendar, as sections."""

from __future__ import annotations

from funis.plan import Entry, Evidence, Line, Plan, Worksheet
from funis.report.numerals import MISSING, count
from funis.report.plan.content import Cell, Column, Figure, Section, Table, row
from funis.report.plan.numbers import days, exact, formula, route_words, unit_words, words
from funis.report.plan.timeline import timeline

_ITEMS = (Column("Item", 1.0), Column("What", 2.2))


def protocol_section(plan: Plan) -> Section:
    """Return the protocol with the strength of its evidence and both ranges side by side."""
    one = plan.protocol
    rows = (
        row("Protocol", Cell(one.title, one.id)),
        row("Arm", Cell(one.arm_label, one.arm)),
        row("Criteria and visits from", one.trial),
        row("Source", Cell(one.source or MISSING, kind="source")),
    )
    ranges = Table(
        "What is advertised beside what has been published",
        (Column("Range", 1.0), Column("What", 2.2)),
        (
            row("Advertised", plan.evidence.advertised or "nothing"),
            row("Published", plan.evidence.published or "nothing"),
        ),
    )
    tables = (Table("The protocol", _ITEMS, rows), _evidence(plan.evidence), ranges)
    return Section("protocol", "Protocol and evidence", (plan.grade,), tables=tables)


def worksheet_section(plan: Plan) -> Section:
    """Return the arithmetic of one arm and one weight band; nothing of it is to be given."""
    sheet = plan.worksheet
    columns = (
        Column("Step", 1.8), Column("Arithmetic", 1.6), Column("Result", 1.3, number=True),
        Column("Source", 2.0),
    )  # fmt: skip
    table = Table("Step by step", columns, tuple(_line(one) for one in sheet.lines))
    head = Table("What the worksheet is for", _ITEMS, _head(sheet))
    return Section(
        "worksheet", "Preparation worksheet",
        ("The arithmetic of the protocol's arm for a weight band, exact and step by step.",),
        alerts=sheet.warnings, tables=(head, table), banner=True,
    )  # fmt: skip


def calendar_section(plan: Plan) -> Section:
    """Return the calendar in relative days, as a picture and as a table."""
    entries = sorted(plan.calendar.entries, key=lambda one: (one.day_first, one.day_last))
    if not entries:
        return Section("calendar", "Calendar", ("The protocol has no days.",))
    columns = (
        Column("Day", 1.0), Column("Kind", 0.9), Column("What", 3.0), Column("Source", 1.4),
    )  # fmt: skip
    figure = Figure(
        "Days before and after the first infusion; bars are windows.",
        timeline(entries, 900.0, "wide"), timeline(entries, 360.0, "narrow"),
    )  # fmt: skip
    table = Table("By day", columns, tuple(_entry(one) for one in entries))
    text = "Day 0 is the first infusion of the virtual patient. There is no date."
    return Section("calendar", "Calendar", (text,), figures=(figure,), tables=(table,))


def _evidence(found: Evidence) -> Table:
    types = ", ".join(f"{count} {words(kind).lower()}" for kind, count in found.study_types.items())
    rows = (
        row("Grade", found.grade),
        row("Studies", types or "none"),
        row("Patients in randomised studies", count(found.n_randomised)),
        row("Sources", Cell(", ".join(found.sources) or MISSING, kind="source")),
    )
    return Table("Strength of the evidence", _ITEMS, rows)


def _head(sheet: Worksheet) -> tuple[tuple[Cell, ...], ...]:
    low, high = sheet.weight_band
    return (
        row("Arm", sheet.arm),
        row("Route", route_words(sheet.route)),
        row("Product", Cell(sheet.product, sheet.lot or "no lot")),
        row("Weight band", f"{exact(low)} to {exact(high)} kg, worked for "
            f"{exact(sheet.weight_kg)} kg"),
        row("Vials", count(sheet.vials)),
        row("Dimethyl sulfoxide", f"{exact(sheet.dmso_mg_per_kg)} mg/kg"),
        row("Expiry after thaw", f"{exact(sheet.expiry_minute)} min"),
        row("Premedication in the protocol", "; ".join(sheet.premedication) or "none reported"),
    )  # fmt: skip


def _line(one: Line) -> tuple[Cell, ...]:
    return (
        Cell(one.name, one.note or ""),
        Cell(formula(one.formula)),
        Cell(f"{exact(one.value)} {unit_words(one.unit)}".strip(), kind="number"),
        Cell(one.source or MISSING, kind="source"),
    )


def _entry(one: Entry) -> tuple[Cell, ...]:
    return (
        Cell(days(one.day_first, one.day_last)),
        Cell(words(one.kind)),
        Cell(one.title, one.note or ""),
        Cell(one.source or MISSING, kind="source"),
    )
