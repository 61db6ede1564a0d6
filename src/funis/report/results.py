"""Tables of end points: every estimate with its interval, beside its difference to the control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING

from funis.report.content import EndpointView, Interval, TrialReport
from funis.report.numerals import count, decimal, p_value, percent, points, week
from funis.report.strips import Axis, Mark, axis_around, axis_strip, interval_strip
from funis.report.styles import ArmStyle, arm_styles

if TYPE_CHECKING:
    from funis.analysis.results import Contrast, Estimate

_NO_STYLE = ArmStyle("a0", "ring")


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One arm in the table of an end point."""

    label: str
    style: ArmStyle
    n: str
    estimate: str
    estimate_strip: str
    difference: str
    difference_strip: str
    p: str
    is_reference: bool


@dataclass(frozen=True, slots=True)
class ResultTable:
    """An end point over all arms."""

    endpoint: EndpointView
    heading: str
    unit: str
    difference_unit: str
    rows: tuple[ResultRow, ...]
    estimate_axis: str
    difference_axis: str
    against: str
    favours: tuple[str, str]
    method: str


def interval_text(interval: Interval, *, as_percent: bool = False, digits: int = 2) -> str:
    """Return "29.0% (27.2% to 30.9%)", or what of it is known."""

    def write(value: float | None) -> str:
        return percent(value) if as_percent else decimal(value, digits)

    if interval.low is None or interval.high is None:
        return f"{write(interval.estimate)} (interval not known)"
    ends = f"{write(interval.low)} to {write(interval.high)}"
    return ends if interval.estimate is None else f"{write(interval.estimate)} ({ends})"


def estimate_text(estimate: Estimate) -> str:
    """Return an estimate with its interval."""
    return interval_text(_interval(estimate), as_percent=estimate.measure == "proportion")


def difference_text(interval: Interval, *, as_points: bool = False) -> str:
    """Return a signed difference with its interval: percentage points for proportions."""

    def write(value: float | None) -> str:
        return points(value) if as_points else decimal(value, 2, sign=True)

    if interval.low is None or interval.high is None:
        return f"{write(interval.estimate)} (interval not known)"
    ends = f"{write(interval.low)} to {write(interval.high)}"
    return ends if interval.estimate is None else f"{write(interval.estimate)} ({ends})"


def contrast_text(contrast: Contrast) -> str:
    """Return a difference between an arm and its reference, or a ratio, with its interval."""
    if contrast.is_ratio:
        return interval_text(_interval(contrast))
    as_points = contrast.measure == "difference_in_proportions"
    return difference_text(_interval(contrast), as_points=as_points)


def endpoint_views(report: TrialReport) -> tuple[EndpointView, ...]:
    """Return the end points of a report, with a plain view of those it does not name."""
    named = {view.key for view in report.endpoints}
    plain: dict[str, EndpointView] = {}
    for item in report.estimates:
        if item.endpoint not in named and item.endpoint not in plain:
            name = item.endpoint.split("@")[0].replace("_", " ")
            plain[item.endpoint] = EndpointView(
                item.endpoint, name, item.week, item.measure, unit=item.unit, better="neither"
            )
    order = {"primary": 0, "secondary": 1, "exploratory": 2}
    return tuple(sorted((*report.endpoints, *plain.values()), key=lambda view: order[view.role]))


def result_tables(report: TrialReport, *, structural: bool = False) -> tuple[ResultTable, ...]:
    """Return a table for each end point that has estimates, the primary one first."""
    tables = []
    for view in endpoint_views(report):
        estimates = [item for item in report.estimates if item.endpoint == view.key]
        if estimates and view.structural == structural:
            tables.append(_table(report, view, estimates))
    return tuple(tables)


def _table(report: TrialReport, view: EndpointView, estimates: Sequence[Estimate]) -> ResultTable:
    contrasts = {
        item.arm: item
        for item in report.contrasts
        if item.endpoint == view.key and item.reference == report.reference
    }
    proportion = estimates[0].measure == "proportion"
    estimate_axis = _axis([_interval(item) for item in estimates], proportion)
    difference_axis = _difference_axis(list(contrasts.values()), proportion)
    ratio = any(contrast.is_ratio for contrast in contrasts.values())
    unit = view.unit or estimates[0].unit
    rows = tuple(
        _row(report, item, contrasts.get(item.arm), (estimate_axis, difference_axis))
        for item in estimates
    )
    methods = {item.method for item in estimates} | {item.method for item in contrasts.values()}
    return ResultTable(
        endpoint=view,
        heading=f"{view.name} at week {week(view.week)}",
        unit="share of patients" if proportion else unit,
        difference_unit="ratio" if ratio else "percentage points" if proportion else unit,
        rows=rows,
        estimate_axis=axis_strip(estimate_axis, 4),
        difference_axis=axis_strip(difference_axis, 5) if contrasts else "",
        against="divided by" if ratio else "minus",
        favours=_favours(view, report),
        method="; ".join(sorted(methods - {""})),
    )


def _row(
    report: TrialReport,
    item: Estimate,
    contrast: Contrast | None,
    axes: tuple[Axis, Axis],
) -> ResultRow:
    style = arm_styles(report).get(item.arm, _NO_STYLE)
    text = estimate_text(item)
    mark = Mark(_interval(item), style.shape, style.colour)
    difference = difference_strip = p = ""
    if contrast is not None:
        difference = contrast_text(contrast)
        other = Mark(_interval(contrast), style.shape, style.colour)
        word = "Ratio" if contrast.is_ratio else "Difference"
        difference_strip = interval_strip([other], axes[1], f"{word} {difference}")
        p = p_value(contrast.p_value)
    return ResultRow(
        label=report.label(item.arm),
        style=style,
        n=count(item.n),
        estimate=text,
        estimate_strip=interval_strip([mark], axes[0], f"Estimate {text}"),
        difference=difference,
        difference_strip=difference_strip,
        p=p,
        is_reference=item.arm == report.reference,
    )


def _axis(intervals: Sequence[Interval], proportion: bool) -> Axis:
    if not proportion:
        return axis_around(intervals)
    highs = [item.high for item in intervals if item.high is not None and item.high == item.high]
    top = max([*highs, 0.1])
    return Axis(0.0, min(1.0, top * 1.05), factor=100.0, suffix="%")


def _difference_axis(contrasts: Sequence[Contrast], proportion: bool) -> Axis:
    intervals = [_interval(item) for item in contrasts]
    if any(item.is_ratio for item in contrasts):
        return axis_around(intervals, zero=1.0)
    axis = axis_around(intervals, zero=0.0)
    return Axis(axis.low, axis.high, 0.0, factor=100.0 if proportion else 1.0, signed=True)


def _favours(view: EndpointView, report: TrialReport) -> tuple[str, str]:
    if report.reference is None or view.better == "neither":
        return "", ""
    control = report.label(report.reference).lower()
    pair = (control, "arm")
    return pair if view.better == "higher" else (pair[1], pair[0])


def _interval(item: Estimate | Contrast) -> Interval:
    return Interval(*(None if isinf(x) else x for x in (item.estimate, item.low, item.high)))
