"""A forest plot as rows of a table: places in percent of the plot, so that it fits any width."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from funis.report.content import Interval
from funis.report.forest import (
    Forest,
    ForestPanel,
    ForestRow,
    ForestStratum,
    interval_text,
)
from funis.report.forest_scale import inside, panel_scale, panel_ticks, tick_text
from funis.report.numerals import percent
from funis.report.scales import Scale

FULL = (0.0, 100.0)
SMALLEST, LARGEST = 6.0, 15.0
"""Side of the square of the least and of the largest weight [px]."""


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on the axis.

    Attributes
    ----------
    at, low, high : float or None
        Places [%]; None where there is nothing to draw.
    cut_low, cut_high : bool
        Whether it goes on beyond the axis.
    """

    at: float | None
    low: float | None
    high: float | None
    cut_low: bool
    cut_high: bool

    @property
    def width(self) -> float:
        """Width of the interval [%]."""
        return 0.0 if self.low is None or self.high is None else round(self.high - self.low, 2)

    @property
    def middle(self) -> float:
        """Where the estimate lies inside the interval [%]."""
        if self.at is None or self.low is None or not self.width:
            return 50.0
        return round(100 * (self.at - self.low) / self.width, 2)


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One line of a group; `side` is that of the square [px], `predicted` what the model says."""

    study: str
    label: str
    week: str
    cells: str
    control: str
    bar: Bar
    side: float
    estimate: str
    weight: str
    about: tuple[str, ...]
    predicted: Bar | None = None
    predicted_text: str = ""


@dataclass(frozen=True, slots=True)
class DrawnGroup:
    """Studies of one design with their pool; a group of control arms has none."""

    title: str
    subtitle: str
    kind: str
    rows: tuple[DrawnRow, ...]
    pooled: Bar | None
    pooled_text: str
    prediction: Bar | None
    prediction_text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    """Groups that share an axis; `ticks` are places [%] with their words."""

    measure: str
    treated: str
    controlled: bool
    null: float | None
    favours: tuple[str, str] | None
    ticks: tuple[tuple[float, str], ...]
    groups: tuple[DrawnGroup, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands on the axis of studies without a control: control arms and predictions.

    Attributes
    ----------
    controls : tuple of ForestRow
    predicted : mapping study -> what the model predicts of its number, from all other studies.
    """

    controls: tuple[ForestRow, ...] = ()
    predicted: Mapping[str, Interval] = field(default_factory=dict)


NOTHING = Beside()


def forest_table(forest: Forest, beside: Beside = NOTHING) -> tuple[DrawnPanel, ...]:
    """Return the panels of a forest plot with everything in its place."""
    return tuple(
        _panel(panel, beside if panel.null is None else NOTHING) for panel in forest.panels
    )


def _panel(panel: ForestPanel, beside: Beside) -> DrawnPanel:
    predicted = beside.predicted
    extra = [*(row.interval for row in beside.controls), *predicted.values()]
    scale = panel_scale(panel, FULL, extra)
    groups = [_group(one, panel, scale, predicted) for one in panel.strata]
    if beside.controls:
        groups.append(_controls(beside.controls, panel, scale))
    ticks = tuple((scale.at(tick), _tick(tick, panel, scale)) for tick in panel_ticks(panel, scale))
    return DrawnPanel(
        panel.measure, panel.treated, panel.controlled,
        None if panel.null is None else scale.at(panel.null), panel.favours, ticks, tuple(groups),
    )  # fmt: skip


def _group(
    stratum: ForestStratum, panel: ForestPanel, scale: Scale, predicted: Mapping[str, Interval]
) -> DrawnGroup:
    largest = max((row.weight or 0.0 for row in stratum.rows), default=0.0)
    rows = tuple(
        _predicted(_row(row, panel, scale, largest), predicted.get(row.study), panel, scale)
        for row in stratum.rows
    )
    pooled, ahead = stratum.pooled, stratum.prediction
    return DrawnGroup(
        title=stratum.title,
        subtitle=stratum.subtitle,
        kind="uncontrolled" if stratum.uncontrolled else "controlled",
        rows=rows,
        pooled=None if pooled is None else _bar(pooled, scale),
        pooled_text="" if pooled is None else interval_text(pooled, panel),
        prediction=None if ahead is None else _bar(ahead, scale),
        prediction_text="" if ahead is None else _ends(ahead, panel),
        lines=stratum.lines,
    )


def _controls(rows: Sequence[ForestRow], panel: ForestPanel, scale: Scale) -> DrawnGroup:
    drawn = tuple(_row(row, panel, scale, 0.0) for row in rows)
    return DrawnGroup(
        "Without cells, beside: control arms of other trials",
        "Other patients, other trials: beside, never pooled and never subtracted",
        "control", drawn, None, "", None, "", (),
    )  # fmt: skip


def _row(row: ForestRow, panel: ForestPanel, scale: Scale, largest: float) -> DrawnRow:
    share = math.sqrt((row.weight or 0.0) / largest) if largest else 0.35
    known = row.interval.low is not None
    text = interval_text(row.interval, panel) if known else _alone(row.interval, panel)
    return DrawnRow(
        row.study, row.label, row.week, row.cells, row.control, _bar(row.interval, scale),
        round(SMALLEST + (LARGEST - SMALLEST) * share, 1), text,
        "" if row.weight is None else percent(row.weight), row.about,
    )  # fmt: skip


def _predicted(row: DrawnRow, found: Interval | None, panel: ForestPanel, scale: Scale) -> DrawnRow:
    if found is None:
        return row
    return replace(row, predicted=_bar(found, scale), predicted_text=interval_text(found, panel))


def _bar(interval: Interval, scale: Scale) -> Bar:
    """Return the places of an interval, cut at the ends of the axis."""
    low, at, high = interval.low, interval.estimate, interval.high
    drawn = at is not None and scale.low <= at <= scale.high
    return Bar(
        round(inside(at, scale), 2) if drawn or (low is not None and at is not None) else None,
        None if low is None else round(inside(low, scale), 2),
        None if high is None else round(inside(high, scale), 2),
        low is not None and low < scale.low,
        high is not None and high > scale.high,
    )


def _tick(tick: float, panel: ForestPanel, scale: Scale) -> str:
    return percent(tick, 0) if panel.percent else tick_text(tick, panel, scale)


def _ends(interval: Interval, panel: ForestPanel) -> str:
    """Return two limits without an estimate, which a prediction for a further study has not."""
    whole = interval_text(interval, panel)
    return whole.partition("(")[2].removesuffix(")")


def _alone(interval: Interval, panel: ForestPanel) -> str:
    return f"{interval_text(interval, panel).split(' (')[0]} (interval not printed)"
