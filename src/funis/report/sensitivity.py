"""Tables of sensitivity analyses, each beside the main analysis of its endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funis.report.content import TrialReport
from funis.report.numerals import decimal, p_value, points, week
from funis.report.results import contrast_text, endpoint_views
from funis.report.styles import ArmStyle, arm_styles

if TYPE_CHECKING:
    from funis.analysis.results import Contrast, SensitivityResult


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """One analysis of one arm; ``main`` is the analysis of the trial itself."""

    label: str
    style: ArmStyle
    contrast: str
    p: str
    method: str
    tipping: str
    main: bool


@dataclass(frozen=True, slots=True)
class SensitivityTable:
    """The analyses of one endpoint."""

    heading: str
    rows: tuple[SensitivityRow, ...]


def sensitivity_tables(report: TrialReport) -> tuple[SensitivityTable, ...]:
    """Return a table for each endpoint that has sensitivity analyses."""
    plain = dict.fromkeys(
        (one.contrast.endpoint.split("@")[0].removesuffix("_time"), one.contrast.week)
        for one in report.sensitivity
    )
    return tuple(
        SensitivityTable(_heading(report, name, at), tuple(_rows(report, name, at)))
        for name, at in plain
    )


def _heading(report: TrialReport, name: str, at: float) -> str:
    key = f"{name}@{at:g}"
    named = {view.key: view.name for view in endpoint_views(report)}
    return f"{named.get(key, name.replace('_', ' '))} at week {week(at)}"


def _rows(report: TrialReport, name: str, at: float) -> Iterator[SensitivityRow]:
    key = f"{name}@{at:g}"
    for one in report.contrasts:
        if one.endpoint in (key, f"{name}_time@{at:g}"):
            yield _row(report, one, f"main analysis: {one.method}", "", True)
    for other in report.sensitivity:
        own = other.contrast.endpoint.split("@")[0].removesuffix("_time")
        if (own, other.contrast.week) == (name, at):
            text = other.contrast.method
            if other.delta:
                text += f" by {other.delta:g}"
            yield _row(report, other.contrast, text, _tipping(other), False)


def _row(
    report: TrialReport, one: Contrast, method: str, tipping: str, main: bool
) -> SensitivityRow:
    style = arm_styles(report).get(one.arm, ArmStyle("a0", "ring"))
    text, p = contrast_text(one), p_value(one.p_value)
    return SensitivityRow(report.label(one.arm), style, text, p, method, tipping, main)


def _tipping(one: SensitivityResult) -> str:
    """Return the shift at which an effect is no longer shown, in words."""
    if one.missing != "delta" or one.delta:
        return ""
    if one.tipping_point is None:
        return "none found: the effect stays"
    if one.tipping_point == 0:
        return "no effect is shown without a shift"
    if one.contrast.measure == "difference_in_proportions":
        return f"{points(one.tipping_point)} points"
    return decimal(one.tipping_point, 2, sign=True)
