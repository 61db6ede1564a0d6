"""A view on a terminal: the result in a sentence, then a few tables."""

from __future__ import annotations

from collections.abc import Iterator

from funis.pipeline.explore.answer import Curve, ExploreView, at_week
from funis.pipeline.explore.document import headline
from funis.pipeline.explore.evidence import PublishedEffect
from funis.pipeline.products.text import cells_text
from funis.pipeline.tables import Table
from funis.report.numerals import significant
from funis.report.scales import Array

TOLD_WEEKS = (4, 8, 12, 24, 36, 52, 104)


def explore_lines(view: ExploreView) -> Iterator[str]:
    """Return what stands before the tables: statement, place, evidence, result."""
    yield view.research_use
    yield f"{view.disease}, {view.product}: {view.link}"
    yield view.grade.whole
    yield view.grade.approval
    yield f"{view.simulated} {view.left_out}"
    yield f"Draws: {view.draws}."
    if view.failed:
        yield f"! {view.failed} virtual patients were not solved and are left out of both courses"
    yield headline(view)


def explore_tables(view: ExploreView) -> tuple[Table, ...]:
    """Return a view as tables: score, responders, mechanism, delivery, harms, what is published."""
    return (
        _score(view), _responders(view), _mechanism(view), _delivered(view), _harms(view),
        _published(view),
    )  # fmt: skip


def _score(view: ExploreView) -> Table:
    score = view.score
    rows = tuple(
        (str(week), *(_band(one, week) for one in (score.treated, score.twin)), _apart(score, week))
        for week in _weeks(view)
    )
    title = f"{score.name}{f' [{score.unit}]' if score.unit else ''}: median (90 % of patients)"
    return Table(title, ("Week", "Treated", "Twin", "Mean difference (95 %)"), rows)


def _responders(view: ExploreView) -> Table:
    rows = []
    for one in view.responders:
        shares = [f"{100 * curve[view.week]:.0f} %" for curve in (one.treated, one.twin)]
        mean, low, high = (100 * x for x in at_week(one, view.week))
        rows.append((one.name, *shares, f"{mean:.0f} ({low:.0f} to {high:.0f})"))
    title = f"Responders at week {view.week}, without noise and placebo response"
    return Table(title, ("Rule", "Treated", "Twin", "Difference, points (95 %)"), tuple(rows))


def _mechanism(view: ExploreView) -> Table:
    weeks = [week for week in (4, 12, 24, 52) if week <= view.state.weeks]
    rows = tuple(
        (one.name, *(_band(one.treated, week) for week in weeks))
        for one in view.mechanism
        if not one.fine
    )
    title = "Mechanism: ratio to the twin, median (90 % of patients)"
    return Table(title, ("Quantity", *(f"Week {week}" for week in weeks)), rows)


def _delivered(view: ExploreView) -> Table:
    rows = tuple(
        (route, cells_text(one.dose_cell), cells_text(one.viable.value),
         f"{cells_text(one.viable.low)} to {cells_text(one.viable.high)}", f"{one.hold_minute:g}")
        for route, one in view.delivered.items()
    )  # fmt: skip
    columns = ("Route", "Cells in the vials", "Living in the vein", "95 %", "Minutes after thaw")
    return Table("From vial to vein, one dose", columns, rows)


def _harms(view: ExploreView) -> Table:
    rows = tuple(
        (one.name, *(_percent(x.estimate, x.low, x.high) for x in (one.treated, one.placebo)))
        for one in view.harms
    )
    title = f"Adverse events, risk of one or more up to week {view.state.weeks} (95 %)"
    return Table(title, ("Event", "Treated", "Placebo, mock procedure"), rows)


def _published(view: ExploreView) -> Table:
    rows = tuple(map(_effect, view.grade.effects))
    columns = ("Endpoint", "Week", "Kind of study", "Measure", "Estimate (95 %)", "Patients",
               "Randomised")  # fmt: skip
    return Table(view.grade.text, columns, rows)


def _effect(one: PublishedEffect) -> tuple[str, ...]:
    kind = one.study_type if one.compared else f"{one.study_type}, no comparison"
    estimate = significant(one.estimate) if one.estimate is not None else "not pooled"
    if one.range:
        estimate = one.range
    if one.low is not None and one.high is not None:
        estimate += f" ({significant(one.low)} to {significant(one.high)})"
    return (one.endpoint, f"{one.week:g}", kind, one.measure, estimate, str(one.patients),
            str(one.randomised))  # fmt: skip


def _weeks(view: ExploreView) -> list[int]:
    last = view.state.weeks
    return sorted({*(week for week in TOLD_WEEKS if week <= last), view.week, last})


def _band(values: Array, week: int) -> str:
    low, middle, high = (significant(float(values[place, week])) for place in (0, 2, 4))
    return f"{middle} ({low} to {high})"


def _apart(curve: Curve, week: int) -> str:
    mean, low, high = (significant(0.0 if abs(x) < 1e-6 else x, 2) for x in at_week(curve, week))
    return f"{mean} ({low} to {high})"


def _percent(estimate: float, low: float, high: float) -> str:
    return f"{100 * estimate:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
