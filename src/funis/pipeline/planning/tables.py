"""What `funis plan` prints on a terminal: the answer of each part, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from funis.pipeline.tables import Table
from funis.plan import Comparison, Course, Holds, Interval, Plan
from funis.plan.form_values import Form, FormField
from funis.report.numerals import significant

MOST_WORDS = 8
LISTED_MINUTES = 60
CELLS = "cells without effect"


def plan_tables(plan: Plan) -> Iterator[Table]:
    """Return a plan as tables: eligibility, worksheet, calendar, course, alternatives."""
    yield _eligibility(plan)
    yield _worksheet(plan)
    yield _calendar(plan)
    if plan.holds is not None:
        yield _holds(plan.holds)
    if plan.course is not None:
        yield from _course(plan.course)
    if plan.comparison is not None:
        yield _comparison(plan.comparison)


def form_tables(form: Form) -> Iterator[Table]:
    """Return the form of a consultation as tables, one a group."""
    for group in form.groups:
        rows = tuple((one.key, one.label, _allowed(one), _why(one)) for one in group.fields)
        yield Table(
            f"{group.title}{f' ({group.help})' if group.help else ''}",
            ("Key", "Field", "May be", "Why it is asked"), rows,
        )  # fmt: skip


def _allowed(one: FormField) -> str:
    if one.kind == "number" and one.low is not None and one.high is not None:
        return f"{one.low:g} to {one.high:g} {one.unit or ''}".strip()
    if one.kind in ("yes_no", "presence"):
        return "true or false" if one.kind == "yes_no" else "1 or 0"
    if one.kind == "band":
        return f"{one.choices[0].value} to {one.choices[-1].value} kg"
    values = [choice.value for choice in one.choices]
    shown = ", ".join(values[:MOST_WORDS])
    more = len(values) - MOST_WORDS
    return f"{shown} and {more} more" if more > 0 else shown


def _why(one: FormField) -> str:
    asked = [f"asked: {text}" for text in one.asked_by]
    return "; ".join((*asked, *one.used_for)) or "printed in the plan"


def head_lines(plan: Plan) -> Iterator[str]:
    """Return what stands before the tables: whose plan it is, by which protocol, on what basis."""
    protocol, asked = plan.protocol, plan.consultation
    within = "" if protocol.trial == protocol.id else f" within the trial {protocol.trial}"
    yield f"Virtual patient {asked.id} under {protocol.id}, {protocol.arm_label}{within}"
    yield plan.grade
    yield f"Advertised: {plan.evidence.advertised or 'nothing'}"
    yield f"Published: {plan.evidence.published or 'nothing'}"
    for line in plan.evidence.pooled:
        yield f"Published on {line}"
    yield f"Entry criteria of the protocol: {plan.eligibility.verdict}"


def tail_lines(plan: Plan) -> Iterator[str]:
    """Return what stands after the tables."""
    course = plan.course
    if course is not None:
        yield f"Matches: {course.stratum}"
        if course.no_effect_share is not None:
            share = 100 * course.no_effect_share
            yield f"In {share:.0f} % of the draws of the posterior cells do nothing."
        yield from course.drugs
        yield from course.warnings
    yield from plan.eligibility.notes
    yield from plan.warnings
    yield from plan.worksheet.warnings


def _eligibility(plan: Plan) -> Table:
    order = ("does not meet", "cannot tell", "meets")
    found = sorted(plan.eligibility.judgements, key=lambda one: order.index(one.verdict))
    open_ones = [one for one in found if one.verdict != "meets"]
    rows = tuple((one.verdict, one.id, one.value or "missing", one.reason) for one in open_ones)
    title = (
        f"Entry criteria: {len(found) - len(rows)} of {len(found)} met, the others below; no advice"
        " to treat or not to treat"
    )
    return Table(title, ("Verdict", "Criterion", "Value", "Reason"), rows)


def _worksheet(plan: Plan) -> Table:
    sheet = plan.worksheet
    low, high = sheet.weight_band
    rows = tuple((line.name, f"{line.value:,f}", line.unit, line.formula) for line in sheet.lines)
    title = (
        f"SIMULATED - NOT FOR ADMINISTRATION. Preparation, {sheet.product}, {low:f} to {high:f} kg:"
        f" {sheet.vials} vials"
    )
    return Table(title, ("Line", "Value", "Unit", "How"), rows)


def _calendar(plan: Plan) -> Table:
    rows = tuple(
        (_days(one.day_first, one.day_last), one.kind, one.title) for one in plan.calendar.entries
    )
    return Table("Calendar, days since the first infusion", ("Day", "Kind", "What"), rows)


def _days(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _holds(found: Holds) -> Table:
    """Return every full hour from thaw to vein, the plan's own time, the usual one and the last."""
    always = (found.own_minute, found.usual_minute, found.rows[-1].minute)
    listed = [row for row in found.rows if row.minute in always or row.minute % LISTED_MINUTES == 0]
    rows = tuple(
        (f"{row.minute:g}", f"{100 * row.living:.1f} %", _text(row.functional_million),
         str(row.vials), "not reported" if row.dmso_mg_per_kg is None
         else f"{row.dmso_mg_per_kg:g}",
         {None: "not stated", True: "yes", False: "no"}[row.in_time],
         "" if row.treated is None else _text(row.treated),
         "" if row.difference is None else _text(row.difference))
        for row in listed
    )  # fmt: skip
    columns = (
        "Minutes", "Living", "Functional [1e6]", "Vials", "DMSO [mg/kg]", "In time", "Treated",
        "Treated - placebo",
    )  # fmt: skip
    return Table(_holds_title(found), columns, rows)


def _holds_title(found: Holds) -> str:
    title = "From thaw to vein; vials are counted so that the dose arrives living"
    if found.response is None:
        return title
    one = found.response
    times = ", ".join(f"{minute:g}" for minute in found.computed_minutes)
    return (
        f"{title}.\n{one.endpoint}, week {one.week:g} [{one.unit}]: placebo {_text(one.placebo)},"
        f" {CELLS} {_text(one.no_effect)}. Virtual patients were followed at {times} minutes;"
        " between them the response is interpolated by the living share."
    )


def _course(course: Course) -> Iterator[Table]:
    rows = [
        (f"{one.endpoint}, week {one.week:g}", one.unit, _text(one.treated), _text(one.placebo),
         _text(one.no_effect), "" if one.difference is None else _text(one.difference))
        for one in course.responses
    ]  # fmt: skip
    rows += [
        (f"{one.endpoint}, mean over {one.years:g} years", one.unit, _text(one.effect), "0",
         "" if one.no_effect is None else _text(one.no_effect), "")
        for one in course.averaged
    ]  # fmt: skip
    columns = ("Endpoint", "Unit", "Treated", "Placebo", CELLS.capitalize(), "Treated - placebo")
    title = f"Predicted course of {course.n_patients} virtual patients, {course.draws} draws (95 %)"
    yield Table(title, columns, tuple(rows))
    yield _influences(course)
    yield _events(course)


def _influences(course: Course) -> Table:
    rows = tuple(
        (one.name, f"{_short(one.change)} {one.unit}", *(
            f"{_short(value)}: {end}" if value is not None else end
            for end, value in zip(one.ends or ("", ""), (one.low, one.high), strict=True)
        ))
        for one in course.influences
    )  # fmt: skip
    note = (course.influences[0].note or "") if course.influences else ""
    title = f"What would change the prediction most: {note}"
    return Table(title, ("What", "Change", "Least", "Most"), rows)


def _events(course: Course) -> Table:
    rows = tuple(
        (one.name, _percent(one.treated), _percent(one.placebo)) for one in course.adverse_events
    )
    return Table(
        "Adverse events, risk of one or more up to the primary endpoint (95 %)",
        ("Event", "Treated", "Placebo, mock procedure"), rows,
    )  # fmt: skip


def _comparison(found: Comparison) -> Table:
    response = _percent if found.response_is_share else _text
    rows = tuple(
        ("=" if one.alike else "", one.id, one.label, one.kind, f"{one.cells_million:,.0f}",
         str(one.infusions), response(one.response),
         "" if one.course is None else _text(one.course),
         "not known" if one.events is None else _text(one.events))
        for one in found.alternatives
    )  # fmt: skip
    columns = (
        "", "Id", "Regimen", "From", "Million cells", "Doses", "Response", "Course", "Events",
    )  # fmt: skip
    title = (
        f"{found.answer}\nResponse: {found.response}. Course: {found.course}. Events: adverse"
        f" events that follow the doses of a patient in {found.horizon_week:g} weeks, no cells: 0."
        " = cannot be told apart."
    )
    return Table(title, columns, rows)


def _text(one: Interval) -> str:
    return f"{_short(one.estimate)} ({_short(one.low)} to {_short(one.high)})"


def _short(value: float) -> str:
    return significant(0.0 if abs(value) < 1e-6 else value, 2)


def _percent(one: Interval) -> str:
    low, high = (100 * end for end in (one.low, one.high))
    return f"{100 * one.estimate:.1f} % ({low:.1f} to {high:.1f})"
