"""Every figure and table of the report of a trial, with the short code that leads back to it."""

from __future__ import annotations

from collections.abc import Iterator

from funis.report.codes import FigureMark, run_code, run_identity, with_codes
from funis.report.comparison import parameter_groups
from funis.report.content import TrialReport
from funis.report.courses import panel_id
from funis.report.numerals import week
from funis.report.responders import shown_curves
from funis.report.results import endpoint_views
from funis.report.safety import safety_believed, safety_groups
from funis.report.sensitivity import sensitivity_tables


def trial_identity(report: TrialReport) -> str:
    """Return the SHA-256 of what a run depends on."""
    return run_identity(report.provenance, {arm.id: arm.n for arm in report.arms})


def trial_code(report: TrialReport) -> str:
    """Return what the codes of all figures of a report begin with."""
    return run_code(trial_identity(report), report.disease_id)


def trial_figures(report: TrialReport) -> tuple[FigureMark, ...]:
    """Return the figures and tables of a report in their order, each with its code."""
    return with_codes(_marks(report), trial_identity(report), report.disease_id)


def _marks(report: TrialReport) -> Iterator[FigureMark]:
    primary = next((view.key for view in report.endpoints if view.role == "primary"), "")
    if report.success.outcomes:
        yield FigureMark("answer", "table", "Outcome of the success rule", primary)
    yield FigureMark("protocol", "table", "Arms and calendar")
    if report.layers and not report.series:
        yield FigureMark("layers", "table", "What is reported, taken apart", primary)
    yield FigureMark("patients", "table", "What became of the virtual patients")
    for one in report.series:
        title = f"{one.name}, layer by layer"
        yield FigureMark(f"series-{one.arm}", "table", title, one.score, one.arm)
    yield from _results(report)
    yield from _safety(report)
    yield from _uncertainty(report)
    yield from _courses(report)
    if report.durability:
        yield FigureMark("durability", "table", "Durability against the untreated twins")
    yield from _mechanism(report)
    yield from _checks(report)


def _results(report: TrialReport) -> Iterator[FigureMark]:
    shown = {item.endpoint for item in report.estimates}
    for view in endpoint_views(report):
        if view.key in shown:
            title = f"{view.name} at week {week(view.week)}"
            yield FigureMark(f"results-{view.key}", "table", title, view.key)
    for place, table in enumerate(sensitivity_tables(report), 1):
        title = f"Sensitivity analyses: {table.heading}"
        yield FigureMark(f"sensitivity-{place}", "table", title)


def _safety(report: TrialReport) -> Iterator[FigureMark]:
    if safety_groups(report):
        yield FigureMark("safety", "table", "Patients with each adverse event")
        if safety_believed(report):
            yield FigureMark("safety-believed", "table", "Published rows behind the rates")


def _uncertainty(report: TrialReport) -> Iterator[FigureMark]:
    if report.uncertainty is not None:
        yield FigureMark("uncertainty-rests", "table", "What the posterior rests on")
        if report.uncertainty.rows:
            yield FigureMark("uncertainty", "table", "Effect under draws of the model")


def _courses(report: TrialReport) -> Iterator[FigureMark]:
    names = {view.id: view.name for view in report.scores}
    for item in report.trajectories:
        title = f"{names.get(item.score, item.score)}, {report.label(item.arm)}"
        name = panel_id(f"course-{item.score}-{item.arm}")
        yield FigureMark(name, "figure", f"{title}, beside placebo twins", item.score, item.arm)
    if report.responder_curves:
        yield FigureMark("responders", "table", "Responders at one visit")
    names_of_rules = dict.fromkeys(curve.endpoint for curve in report.responder_curves)
    for curve in (one for rule in names_of_rules for one in shown_curves(report, rule)):
        title = f"{curve.endpoint} responders, {report.label(curve.arm)}"
        name = panel_id(f"responders-{curve.endpoint}-{curve.arm}")
        yield FigureMark(name, "figure", title, curve.endpoint, curve.arm)


def _mechanism(report: TrialReport) -> Iterator[FigureMark]:
    for cells in report.cells:
        title = f"Infused cells, {cells.compartment}, {report.label(cells.arm)}"
        name = panel_id(f"cells-{cells.compartment}-{cells.arm}")
        yield FigureMark(name, "figure", title, "", cells.arm)
    for panel in report.mechanism:
        title = f"{panel.name}, {report.label(panel.arm)}, beside untreated twins"
        name = panel_id(f"mechanism-{panel.id}-{panel.arm}")
        yield FigureMark(name, "figure", title, panel.id, panel.arm)


def _checks(report: TrialReport) -> Iterator[FigureMark]:
    rows = dict.fromkeys((row.endpoint, row.contrast) for row in report.published)
    for place, (endpoint, _) in enumerate(rows, 1):
        yield FigureMark(f"published-{place}", "table", f"Beside published trials: {endpoint}")
    shown = {
        "skipped": (report.skipped, "Published rows left out"),
        "targets": (report.targets, "The placebo population beside published ones"),
        "drugs": (report.drug_gate, "Targeted drugs beside published effects"),
        "draws": (report.draw_gate, "Raw draws of virtual patients"),
    }
    for name, (content, title) in shown.items():
        if content:
            yield FigureMark(name, "table", title)
    for group in parameter_groups(report):
        yield FigureMark(f"parameters-{group.status}", "table", f"Parameters, {group.status}")
    if report.structures:
        yield FigureMark("structures", "table", "Competing structures of the model")
