"""Every figure and table of the page of a design, with the short code that leads back to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funis.report import design_charts as charts
from funis.report.codes import FigureMark, run_code, run_identity, with_codes

if TYPE_CHECKING:
    from funis.report.design import DesignReport


def design_identity(report: DesignReport) -> str:
    """Return the SHA-256 of what a design depends on."""
    return run_identity(
        report.provenance, [size.n for size in report.sizes], report.replicates, report.bank,
        report.basis, sorted(report.forms), report.largest.power is None,
    )  # fmt: skip


def design_code(report: DesignReport) -> str:
    """Return what the codes of all figures of a design begin with."""
    return run_code(design_identity(report), report.disease_id)


def design_figures(report: DesignReport) -> tuple[FigureMark, ...]:
    """Return the figures and tables of the page in their order, each with its code."""
    return with_codes(_marks(report), design_identity(report), report.disease_id)


def _marks(report: DesignReport) -> Iterator[FigureMark]:
    about = report.endpoint
    if charts.curves(report)[0]:
        yield FigureMark("sizes-curve", "figure", "How often the success rule is met", about)
    if charts.errors(report)[0]:
        yield FigureMark("type1-curve", "figure", "Type I error", about)
    yield FigureMark("sizes", "table", "How often the success rule is met, by size", about)
    if len(report.sizes[0].arms) > 1:
        yield FigureMark("arms", "table", "How often each arm meets the success rule", about)
    for place, strip in enumerate(report.strips, 1):
        title = f"Single trials of {report.largest.n} patients, {strip.arm}"
        yield FigureMark(f"trials-{place}", "figure", title, about)
    least = min((trap.n for trap in report.traps), default=0)
    for place, trap in enumerate((trap for trap in report.traps if trap.n == least), 1):
        what = f"{trap.score} {trap.how}"
        yield FigureMark(f"trap-{place}-series", "figure", f"Series without a control: {what}")
        yield FigureMark(f"trap-{place}-trials", "figure", f"Trials with a control: {what}")
    if report.traps:
        yield FigureMark("trap", "table", "Series without a control beside trials")
