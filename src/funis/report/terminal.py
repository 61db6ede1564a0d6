"""The results as plain text for a terminal."""

from __future__ import annotations

import textwrap

from funis.report.alerts import alerts
from funis.report.content import TrialReport
from funis.report.numerals import percent
from funis.report.overview import short_answer
from funis.report.results import ResultTable, result_tables
from funis.report.statement import RESEARCH_USE, SIMULATED

WIDTH = 100


def plain_table(report: TrialReport, *, exploratory: bool = False) -> str:
    """Return what `funis run` prints: per arm estimates with intervals, beside the differences.

    Parameters
    ----------
    report
        The report of a virtual trial.
    exploratory
        Whether exploratory end points are printed as well.
    """
    tables = (*result_tables(report), *result_tables(report, structural=True))
    shown = [table for table in tables if exploratory or table.endpoint.role != "exploratory"]
    head = [f"{report.title} ({report.disease}), seed {report.provenance.seed}", SIMULATED]
    warned = [_wrap(f"! {alert.title}. {alert.text}") for alert in alerts(report)]
    answer = [_wrap(f"{short_answer(report)} Rule: {report.success.rule}")]
    blocks = ["\n".join([*head, *warned]), *(_block(report, table) for table in shown), *answer]
    return _clean("\n\n".join([*blocks, RESEARCH_USE]) + "\n")


def _block(report: TrialReport, table: ResultTable) -> str:
    level = percent(report.interval_level, 0)
    control = "" if report.reference is None else report.label(report.reference)
    width = max(len(row.label) for row in table.rows)
    middle = max(len(row.estimate) for row in table.rows)
    middle = max(middle, len(f"estimate ({level} interval)"))
    lines = [f"{table.heading} ({table.endpoint.role}; {table.unit})"]
    difference = f"{table.against} {control} ({table.difference_unit})" if control else ""
    lines.append(_line("", "n", f"estimate ({level} interval)", difference, (width, middle)))
    for row in table.rows:
        last = "reference" if row.is_reference else row.difference
        last = f"{last}  {row.p}" if row.p else last
        lines.append(_line(row.label, row.n, row.estimate, last, (width, middle)))
    return "\n".join(lines)


def _line(label: str, n: str, estimate: str, last: str, widths: tuple[int, int]) -> str:
    return f"  {label:<{widths[0]}}  {n:>6}  {estimate:<{widths[1]}}  {last}".rstrip()


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ")


def _clean(text: str) -> str:
    """Drop control characters, so that no file's text can drive the terminal."""
    return "".join(c for c in text if c == "\n" or c.isprintable())
