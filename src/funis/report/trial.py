"""The report of a virtual trial as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from funis.report import (
    comparison,
    courses,
    mechanism,
    overview,
    responders,
    results,
    safety,
    sensitivity,
    series,
)
from funis.report.alerts import alerts, failure_rates_differ
from funis.report.codes import codes_of
from funis.report.content import TrialReport
from funis.report.figures import trial_figures
from funis.report.numerals import count, decimal, percent, week
from funis.report.statement import NOT_APPROVED, RESEARCH_USE, SIMULATED
from funis.report.strips import legend_mark
from funis.store import write_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"


def render_trial(report: TrialReport) -> str:
    """Return the report as HTML; it loads nothing and works without JavaScript."""
    return environment().get_template("trial.html.j2").render(_context(report))


def write_trial(report: TrialReport, path: Path | str) -> Path:
    """Write the report to a file, whole or not at all, and return its path.

    Raises
    ------
    InputError
        If the place cannot be written to.
    """
    target = Path(path)
    write_text(target, render_trial(report))
    return target


def environment() -> Environment:
    """Return the templates, with numbers written as everywhere in a report."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {
        "count": count, "decimal": decimal, "percent": percent, "week": week, "is_link": is_link,
        "bare_link": bare_link,
    }  # fmt: skip
    return made


def is_link(text: str) -> bool:
    """Return whether a source is a web address that a reader may follow."""
    return text.startswith(("https://", "http://")) and not any(c.isspace() for c in text)


def bare_link(text: str) -> str:
    """Return a web address without its scheme, for reading."""
    return text.split("://", 1)[-1].removeprefix("www.")


def code_markup(codes: Mapping[str, str]) -> Callable[[str], Markup]:
    """Return what writes the short code of a figure by its name."""
    from markupsafe import Markup

    def written(name: str) -> Markup:
        return Markup('<span class="code" title="funis why {0}">{0}</span>').format(codes[name])

    return written


def _context(report: TrialReport) -> dict[str, object]:
    assumed = sum(row.status == "assumed" for row in report.parameters)
    return {
        "report": report,
        "research_use": RESEARCH_USE,
        "simulated": SIMULATED,
        "not_approved": NOT_APPROVED,
        "level": percent(report.interval_level, 0),
        "patients": sum(arm.n for arm in report.arms),
        "control": "" if report.reference is None else report.label(report.reference),
        "alerts": alerts(report),
        "rates_differ": failure_rates_differ(report.arms),
        "any_failed": any(arm.failed_total for arm in report.arms),
        "assumed": assumed,
        "answer": overview.short_answer(report),
        "outcomes": overview.outcome_rows(report),
        "arms": overview.arm_rows(report),
        "calendar_axis": overview.arm_calendar_axis(report),
        "tables": results.result_tables(report),
        "structural_tables": results.result_tables(report, structural=True),
        "series": series.series_tables(report.series),
        "courses": courses.course_groups(report),
        "structural_courses": courses.course_groups(report, structural=True),
        "sensitivity": sensitivity.sensitivity_tables(report),
        "responders": responders.responder_groups(report),
        "bars": responders.responder_bars(report),
        "tabs": mechanism.mechanism_tabs(report),
        "state_keys": mechanism.state_keys(report),
        "durability": overview.durability_views(report),
        "durability_axes": overview.durability_axes(report),
        "forests": comparison.forests(report),
        "targets": comparison.target_checks(report),
        "drugs": comparison.drug_checks(report),
        "draws": comparison.draw_rows(report),
        "parameters": comparison.parameter_groups(report),
        "safety_heads": safety.safety_heads(report),
        "safety_groups": safety.safety_groups(report),
        "safety_believed": safety.safety_believed(report),
        "safety_numbers": safety.safety_numbers(report),
        "legend_mark": legend_mark,
        "code": code_markup(codes_of(trial_figures(report))),
    }
