"""Inside the model: cells by compartment, cytokines with their sources, and the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from funis.report.charts import Curve, Panel, Share, curve_panel, shares_panel
from funis.report.content import Band, CellPanel, MechanismPanel, TrialReport
from funis.report.courses import (
    Figure,
    NumbersTable,
    band_curve,
    band_values,
    chosen_weeks,
    grade_text,
    panel_id,
    span,
)
from funis.report.numerals import decimal, percent, week
from funis.report.scales import Array, padded_range
from funis.report.styles import arm_styles

CELLS_PER_UNIT = 1e6
_SMALL = (280.0, 170.0)
_FLAT = (280.0, 84.0)
_DECADES = 5


@dataclass(frozen=True, slots=True)
class MechanismCard:
    """An observable: its course and, where known, the shares of its sources."""

    name: str
    unit: str
    course: str
    shares: str = ""
    note: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class MechanismGroup:
    """Observables that stand together, and the legend of the sources that they have."""

    name: str
    cards: tuple[MechanismCard, ...]
    sources: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class MechanismTab:
    """The mechanism in one arm."""

    arm: str
    label: str
    colour: str
    cells: tuple[Figure, ...]
    groups: tuple[MechanismGroup, ...]
    share_numbers: NumbersTable | None


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend."""

    name: str
    style: str


def mechanism_tabs(report: TrialReport) -> tuple[MechanismTab, ...]:
    """Return one tab for each arm that has panels of its mechanism, the judged arms first."""
    named = dict.fromkeys([*(p.arm for p in report.mechanism), *(c.arm for c in report.cells)])
    judged = {outcome.arm for outcome in report.success.outcomes}
    order = [arm.id for arm in report.arms if arm.id in named]
    return tuple(_tab(report, arm) for arm in sorted(order, key=lambda arm: arm not in judged))


def source_keys(report: TrialReport, group: str) -> tuple[Key, ...]:
    """Return the sources of a group in the order of their stacking, with their styles."""
    panels = [panel for panel in report.mechanism if panel.group == group]
    names = dict.fromkeys(name for panel in panels for name in panel.shares)
    return tuple(Key(name, f"k{index % 8}") for index, name in enumerate(names))


def state_keys(report: TrialReport) -> tuple[Key, ...]:
    """Return the states of infused cells with their styles."""
    names = dict.fromkeys(name for panel in report.cells for name in panel.states)
    return tuple(Key(name, f"s{index % 6}") for index, name in enumerate(names))


def _tab(report: TrialReport, arm: str) -> MechanismTab:
    panels = [panel for panel in report.mechanism if panel.arm == arm]
    groups = dict.fromkeys(panel.group for panel in panels)
    style = arm_styles(report)[arm]
    return MechanismTab(
        arm=arm,
        label=report.label(arm),
        colour=style.colour,
        cells=tuple(_cells(report, item) for item in report.cells if item.arm == arm),
        groups=tuple(
            MechanismGroup(
                group,
                tuple(_card(report, panel) for panel in panels if panel.group == group),
                source_keys(report, group),
            )
            for group in groups
        ),
        share_numbers=_share_numbers(report, panels),
    )


def _card(report: TrialReport, panel: MechanismPanel) -> MechanismCard:
    same = [item for item in report.mechanism if item.id == panel.id]
    shown = [inner(band) for item in same for band in (item.treated, item.twin)]
    values = padded_range(band_values(shown))
    frame = _frame(report, panel.arm, f"mechanism-{panel.id}-{panel.arm}", panel.name)
    course = curve_panel(
        panel.weeks,
        [
            band_curve("untreated twin", "twin", inner(panel.twin)),
            band_curve("treated", "arm", inner(panel.treated)),
        ],
        Panel(
            id=frame.id,
            title=frame.title,
            description=f"{_summary(panel)} {grade_text(report)}",
            weeks=span(item.weeks for item in same),
            values=values,
            unit=panel.unit,
            marks=frame.marks,
            spans=frame.spans,
            size=_SMALL,
        ),
    )
    shares = _shares(report, panel) if panel.shares else ""
    return MechanismCard(panel.name, panel.unit, course, shares, panel.note, frame.id)


def inner(band: Band) -> Band:
    """Return a band without its outer quantiles: small panels show the middle half."""
    return Band(band.median, band.q25, band.q75)


def _shares(report: TrialReport, panel: MechanismPanel) -> str:
    styles = {key.name: key.style for key in source_keys(report, panel.group)}
    known = [name for name in styles if name in panel.shares]
    shares = [Share(name, styles[name], panel.shares[name]) for name in known]
    means = {share.name: float(np.mean(share.y)) for share in shares}
    text = ", ".join(f"{name} {percent(mean, 0)}" for name, mean in means.items())
    frame = Panel(
        id=f"shares-{panel.id}-{panel.arm}",
        title=f"Sources of {panel.name}, {report.label(panel.arm)}",
        description=f"Mean shares: {text}. {grade_text(report)}",
        weeks=span([panel.weeks]),
        values=(0.0, 1.0),
        percent=True,
        size=_FLAT,
        below=8.0,
    )
    return shares_panel(panel.weeks, shares, frame)


def _cells(report: TrialReport, item: CellPanel) -> Figure:
    same = [panel for panel in report.cells if panel.compartment == item.compartment]
    highest = max([1e-6, *(float(np.max(y)) for panel in same for y in panel.states.values())])
    top = 10.0 ** np.ceil(np.log10(highest * CELLS_PER_UNIT))
    values = (max(1.0, float(top) / 10.0**_DECADES), float(max(top, 10.0)))
    styles = {key.name: key.style for key in state_keys(report)}
    last = _last_seen(item, values[0])
    kept = item.weeks <= last
    curves = [
        Curve(name, styles[name], _visible(y[kept] * CELLS_PER_UNIT, values[0]))
        for name, y in item.states.items()
    ]
    frame = _frame(report, item.arm, f"cells-{item.compartment}-{item.arm}", item.compartment)
    panel = Panel(
        id=frame.id,
        title=f"Infused cells in {frame.title}",
        description=f"{_peaks(item.states)} The untreated twin has none. {grade_text(report)}",
        weeks=(float(item.weeks[0]), last),
        values=values,
        unit="cells",
        log=True,
        marks=frame.marks,
        size=(320.0, 200.0),
    )
    return Figure(item.compartment, "", curve_panel(item.weeks[kept], curves, panel), id=panel.id)


def _last_seen(item: CellPanel, floor: float) -> float:
    """Return the week, at least four, after which no state is above the floor."""
    high = np.max(np.stack(list(item.states.values())), axis=0) * CELLS_PER_UNIT > floor
    last = float(item.weeks[high][-1]) if high.any() else 0.0
    return min(float(item.weeks[-1]), max(4.0, float(np.ceil(last + 1.0))))


def _visible(y: Array, floor: float) -> Array:
    """Keep a curve on the floor only where it leaves or meets it."""
    high = y > floor
    beside = high.copy()
    beside[1:] |= high[:-1]
    beside[:-1] |= high[1:]
    return np.where(beside, y, np.nan)


def _peaks(states: Mapping[str, Array]) -> str:
    parts = [f"{name} at most {decimal(float(np.max(y)), 1)}" for name, y in states.items()]
    return "Million cells: " + ", ".join(parts) + "."


def _frame(report: TrialReport, arm_id: str, identifier: str, name: str) -> Panel:
    arm = report.arm(arm_id)
    return Panel(
        id=panel_id(identifier),
        title=f"{name}, {report.label(arm_id)}",
        description="",
        weeks=(0.0, 1.0),
        values=(0.0, 1.0),
        marks=() if arm is None else arm.dose_weeks,
        spans=() if arm is None else arm.drug_weeks,
    )


def _summary(panel: MechanismPanel) -> str:
    twin, treated = panel.twin.median, panel.treated.median
    farthest = int(np.argmax(np.abs(treated - twin)))
    return (
        f"{panel.unit}: treated farthest from the untreated twin at week "
        f"{week(float(panel.weeks[farthest]))}, {decimal(float(treated[farthest]))} against "
        f"{decimal(float(twin[farthest]))}."
    )


def _share_numbers(report: TrialReport, panels: Sequence[MechanismPanel]) -> NumbersTable | None:
    split = [panel for panel in panels if panel.shares]
    if not split:
        return None
    names = list(dict.fromkeys(name for panel in split for name in panel.shares))
    rows = []
    for panel in split:
        for moment in chosen_weeks(panel.weeks, 3):
            at = int(np.argmin(np.abs(panel.weeks - moment)))
            cells = (_share_at(panel, name, at) for name in names)
            rows.append((panel.name, week(moment), *cells))
    return NumbersTable("Shares of the sources", ("Factor", "Week", *names), tuple(rows))


def _share_at(panel: MechanismPanel, name: str, at: int) -> str:
    return percent(float(panel.shares[name][at]), 0) if name in panel.shares else ""
