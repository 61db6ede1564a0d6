"""The predicted course of a plan, what would change it, harms and regulation, as sections."""

from __future__ import annotations

from funis.plan import AdverseEvent, Course, Influence, Interval, Plan, RegulatoryRow, Response
from funis.plan.prediction import Alternative, Comparison
from funis.plan.regulatory import statement
from funis.report.numerals import MINUS, MISSING, count, percent, week
from funis.report.plan.bands import ARMS, SHARE, responses, score
from funis.report.plan.content import Cell, Column, Figure, Section, Table, row
from funis.report.plan.numbers import (
    interval,
    number,
    percents,
    route_words,
    unit_words,
    words,
)

_NO_COURSE = "No course was predicted for this plan."
_NOT_EVIDENCE = (
    "A simulated effect follows from the model's assumptions; it is not evidence that the effect "
    "exists, and it is the course of a group, not of one person."
)
_SHAPES = (
    "Which shape the dose response has is not known, so three are tried: flat (any dose above a "
    "threshold does the same), Emax (more cells do more, up to a ceiling) and bell-shaped (beyond "
    "a best dose more cells do less)."
)
_INTERVALS = (
    Column("Treated", 1.2), Column("Placebo", 1.2), Column("Cells that do nothing", 1.2),
    Column("Treated less placebo", 1.2),
)  # fmt: skip


def course_section(plan: Plan) -> Section:
    """Return responses, scores over time and averages, always beside placebo and no effect."""
    course = plan.course
    if course is None:
        return Section("course", "Predicted course", (_NO_COURSE,))
    tables = (_responses(course), _averages(course), _matches(course))
    return Section(
        "course", "Predicted course", _introduction(course), alerts=course.warnings,
        figures=_figures(course), tables=tuple(one for one in tables if one.rows),
        after=(course.stratum, *course.drugs, plan.grade),
    )  # fmt: skip


def influence_section(plan: Plan) -> Section:
    """Return how far the prediction moves with each unknown, the largest first."""
    found = () if plan.course is None else plan.course.influences
    columns = (
        Column("Unknown", 1.2), Column("At the low end", 1.3), Column("At the high end", 1.3),
        Column("Change", 0.9, number=True), Column("Of what", 1.8),
    )  # fmt: skip
    rows = tuple(map(_influence, found))
    table = Table("Change of the predicted response from the low to the high end", columns, rows)
    text = "What would change the prediction most, by falling size."
    none = "Nothing was varied." if plan.course is not None else _NO_COURSE
    return Section(
        "influences", "What would change it", (text if rows else none,),
        tables=(table,) if rows else (),
    )  # fmt: skip


def events_section(plan: Plan) -> Section:
    """Return adverse events of the matching virtual patients, treated beside placebo."""
    found = () if plan.course is None else plan.course.adverse_events
    columns = (
        Column("Event", 1.6), Column("Treated", 1.2), Column("Placebo", 1.2), Column("Source", 1.5),
    )  # fmt: skip
    table = Table("Share of virtual patients with the event", columns, tuple(map(_event, found)))
    text = (
        "Rates are what few and small reports leave open; rare harms cannot be seen in them."
        if found else "No adverse events were predicted. That is not zero events."
    )  # fmt: skip
    return Section("events", "Adverse events", (text,), tables=(table,) if found else ())


def comparison_section(plan: Plan) -> Section | None:
    """Return the alternatives side by side; None where none was asked for."""
    found = plan.comparison
    if found is None:
        return None
    text = (
        f"{found.answer} {count(found.n_patients)} virtual patients of the stratum, "
        f"{count(found.draws)} draws, {week(found.horizon_week)} weeks."
    )
    ranks = "This sets arms side by side for a stratum; it ranks no treatment of a person."
    return Section(
        "comparison", "Alternatives side by side", (text, ranks), tables=(_alternatives(found),),
        after=(_SHAPES, f"Stratum: {found.stratum}", *found.caveats),
    )  # fmt: skip


def regulatory_section(plan: Plan) -> Section:
    """Return what is approved where, with the day on which that was checked."""
    columns = (
        Column("Product", 1.2), Column("Country", 0.8), Column("Indication", 1.6),
        Column("Status", 1.8), Column("Checked", 0.8), Column("Source", 1.4),
    )  # fmt: skip
    table = Table("Products by country", columns, tuple(map(_regulatory, plan.regulatory)))
    return Section(
        "regulatory", "Regulatory status", (statement(plan.regulatory),),
        tables=(table,) if plan.regulatory else (),
    )  # fmt: skip


def _influence(one: Influence) -> tuple[Cell, ...]:
    first, last = one.ends or ("", "")
    change = Cell(_change(one.change, one.unit), kind="number")
    ends = (Cell(number(one.low), first), Cell(number(one.high), last))
    return row(words(one.name), *ends, change, one.note or "")


def _introduction(course: Course) -> tuple[str, ...]:
    draws = f", each under {count(course.draws)} draws of the model" if course.draws else ""
    parts = [
        f"{count(course.n_patients)} virtual patients of the pool match{draws}; how they were "
        "matched stands below."
    ]
    if course.no_effect_share is not None:
        share = percent(course.no_effect_share, 0)
        parts.append(f"In {share} of the draws of the posterior the cells do nothing.")
    return (*parts, _NOT_EVIDENCE)


def _figures(course: Course) -> tuple[Figure, ...]:
    found = []
    if course.responses:
        caption = "Estimate and 95% interval: treated, placebo, and cells that do nothing."
        wide, narrow = (responses(course.responses, wide, f"{wide:.0f}") for wide in (900.0, 360.0))
        found.append(Figure(caption, wide, narrow))
    for place, band in enumerate(course.bands):
        caption = f"{words(band.endpoint)} ({unit_words(band.unit) or 'points'}): median, and the "
        caption += (
            "range that holds 80% of the matching virtual patients. Solid: treated; long dashes: "
            "placebo; dots: cells that do nothing."
        )
        wide, narrow = (score(band, w, f"{place}-{w:.0f}") for w in (640.0, 360.0))
        found.append(Figure(caption, wide, narrow))
    return tuple(found)


def _responses(course: Course) -> Table:
    columns = (Column("Endpoint", 1.5), *_INTERVALS)
    caption = "Response with 95% interval, treated beside placebo and cells that do nothing"
    return Table(caption, columns, tuple(map(_response, course.responses)))


def _response(one: Response) -> tuple[Cell, ...]:
    unit = "% of virtual patients" if one.measure == SHARE else unit_words(one.unit)
    primary = ", primary" if one.primary else ""
    note = f"week {week(one.week)}, {one.measure}, {unit}{primary}"
    cells = (_estimate(one, getattr(one, arm.key)) for arm in ARMS)
    less = MISSING if one.difference is None else _estimate(one, one.difference, sign=True)
    return row(Cell(words(one.endpoint), note), *cells, less)


def _estimate(one: Response, found: Interval, *, sign: bool = False) -> str:
    return percents(found, sign=sign) if one.measure == SHARE else interval(found)


def _averages(course: Course) -> Table:
    columns = (
        Column("Score", 1.4), Column("Over", 0.8), Column("Treated against placebo", 1.6),
        Column("Cells that do nothing against placebo", 1.6),
    )  # fmt: skip
    rows = tuple(
        row(
            words(one.endpoint), f"{number(one.years)} years", interval(one.effect, one.unit),
            MISSING if one.no_effect is None else interval(one.no_effect, one.unit),
        )
        for one in course.averaged
    )  # fmt: skip
    return Table("Effect averaged over time, with 95% interval", columns, rows)


def _matches(course: Course) -> Table:
    columns = (
        Column("Number", 1.4), Column("Consultation", 1.0), Column("Matches", 1.4),
    )  # fmt: skip
    rows = tuple(
        row(words(one.name), f"{number(one.given)} {unit_words(one.unit)}".strip(),
            f"{number(one.mean)} ({number(one.low)} to {number(one.high)})")
        for one in course.matches
    )  # fmt: skip
    return Table("The consultation beside its matches: mean, and 90% of them", columns, rows)


def _change(value: float, unit: str) -> str:
    return f"{'+' if value > 0 else ''}{number(value)} {unit_words(unit)}".strip()


def _event(one: AdverseEvent) -> tuple[Cell, ...]:
    source = Cell(one.source or MISSING, kind="source")
    return row(words(one.name), percents(one.treated), percents(one.placebo), source)


def _alternatives(found: Comparison) -> Table:
    columns = (
        Column("Alternative", 1.7), Column("Cells, infusions", 1.0),
        Column(_compared(found.response), 1.3), Column(_compared(found.course), 1.3),
        Column(f"Events after the doses, a patient in {week(found.horizon_week)} weeks", 1.2),
        Column("Told apart", 0.8),
    )  # fmt: skip
    caption = "Benefit against no cells, with 95% interval; without cells no event follows a dose"
    shares = found.response_is_share
    return Table(caption, columns, tuple(_alternative(one, shares) for one in found.alternatives))


def _compared(text: str) -> str:
    """Return what is compared in the words of a heading: the caption says against what."""
    for part, instead in ((", benefit", ""), (" benefit", ""), (" against no cells", "")):
        text = text.replace(part, instead)
    return text.replace("(share of", "(% of")


def _alternative(one: Alternative, as_share: bool) -> tuple[Cell, ...]:
    cells = f"{number(one.cells_million)} million, {one.infusions}"
    parts = (one.course, one.events)
    rest = (MISSING if part is None else interval(part) for part in parts)
    told = "no" if one.alike else "yes"
    label = Cell(one.label, f"{one.kind}, {route_words(one.route)}")
    benefit = percents(one.response, sign=True) if as_share else interval(one.response)
    return row(label, cells, benefit, *rest, told)


def _regulatory(one: RegulatoryRow) -> tuple[Cell, ...]:
    checked = one.date_checked.replace(MINUS, "-")
    source = Cell(one.source, kind="source")
    return row(one.product, one.country, one.indication, one.status, checked, source)
