"""The predicted course as pictures: treated beside placebo and cells that do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funis.plan import Interval, Response
from funis.plan.prediction import ScoreBand, Spread
from funis.report.numerals import decimal, week
from funis.report.plan.numbers import interval, percents, unit_words
from funis.report.scales import Scale, linear_ticks, padded_range, tick_digits, week_ticks
from funis.report.strips import OUTLINES, Box
from funis.report.svg import element, picture, polyline, words


@dataclass(frozen=True, slots=True)
class Arm:
    """How one of the three arms is named and looks everywhere."""

    key: str
    name: str
    style: str
    shape: str


ARMS = (
    Arm("treated", "Treated", "a1", "circle"),
    Arm("placebo", "Placebo", "a0", "ring"),
    Arm("no_effect", "Cells that do nothing", "a2", "diamond"),
)
"""No treated series is ever shown without the other two."""

SHARE = "responder"
"""Measure of a response that is a share of virtual patients."""

_LANE = 18.0
_BLOCK = 128.0
_LEFT = 136.0
_GAP = 36.0
_TWO_COLUMNS = 700.0
_LETTER = 7.2
_HEIGHT = 250.0


def responses(found: Sequence[Response], width: float, name: str) -> str:
    """Return each response with its interval, the three arms below each other.

    A wide picture has two columns.
    """
    columns = 2 if width > _TWO_COLUMNS and len(found) > 1 else 1
    across = (width - (columns - 1) * _GAP) / columns
    parts = []
    for place, one in enumerate(found):
        x, y = (place % columns) * (across + _GAP), (place // columns) * _BLOCK
        block = _response(one, across)
        parts.append(element("g", {"transform": f"translate({x:.0f} {y:.0f})"}, block))
    height = _BLOCK * -(-len(found) // columns)
    told = "; ".join(f"{one.endpoint}: {_told(one)}" for one in found)
    title = "Response of matching virtual patients"
    return picture(f"responses-{name}", (width, height), title, told, *parts)


def score(band: ScoreBand, width: float, name: str) -> str:
    """Return a score over time: medians, and the range that holds 80 % of the patients."""
    weeks = np.asarray(band.weeks, dtype=np.float64)
    spreads = [(arm, _spread(band, arm.key)) for arm in ARMS]
    ends = padded_range(np.asarray([[one.low, one.high] for _, one in spreads], dtype=np.float64))
    across = Scale(float(weeks.min()), float(weeks.max()), 46.0, width - 10.0)
    down = Scale(*ends, _HEIGHT - 40.0, 10.0)
    parts = [_grid(across, down, width)]
    parts += [_band(weeks, one, arm, across, down) for arm, one in spreads]
    parts += [_median(weeks, one, arm, across, down) for arm, one in spreads]
    told = f"{band.endpoint} by week, treated, placebo, and cells that do nothing."
    return picture(f"score-{name}", (width, _HEIGHT), band.endpoint, told, *parts)


def _told(one: Response) -> str:
    return ", ".join(f"{arm.name.lower()} {_words(one, _of(one, arm.key))}" for arm in ARMS)


def _words(one: Response, found: Interval) -> str:
    return percents(found) if one.measure == SHARE else interval(found, one.unit)


def _of(one: Response, key: str) -> Interval:
    found: Interval = getattr(one, key)
    return found


def _spread(band: ScoreBand, key: str) -> Spread:
    found: Spread = getattr(band, key)
    return found


def _response(one: Response, width: float) -> str:
    share = one.measure == SHARE
    factor = 100.0 if share else 1.0
    lanes = [(arm, _scaled(_of(one, arm.key), factor)) for arm in ARMS]
    low, high = padded_range(
        np.asarray([[found.low, found.high] for _, found in lanes], dtype=np.float64)
    )
    scale = Scale(low, high, _LEFT, width - 12.0)
    heading = _fitting(one.endpoint, f", week {week(one.week)}", width)
    parts = [words(heading, 0.0, 14.0, class_="lane head")]
    for place, (arm, found) in enumerate(lanes):
        parts.append(_lane(found, arm, scale, 22.0 + _LANE * (place + 0.5)))
    unit = "% of virtual patients" if share else unit_words(one.unit)
    return "".join([*parts, _ticks(scale, 22.0 + _LANE * len(lanes), unit)])


def _fitting(name: str, end: str, width: float) -> str:
    """Return a heading that is not wider than its picture; a long name is cut."""
    most = int(width / _LETTER) - len(end)
    return f"{name if len(name) <= most else name[: most - 1].rstrip() + '…'}{end}"


def _scaled(found: Interval, factor: float) -> Interval:
    return Interval(found.estimate * factor, found.low * factor, found.high * factor)


def _lane(found: Interval, arm: Arm, scale: Scale, y: float) -> str:
    left, right = scale.at(found.low), scale.at(found.high)
    line: Box = {"class": f"whisker {arm.style}", "x1": left, "x2": right, "y1": y, "y2": y}
    parts = [words(arm.name, 0.0, y + 4.0, class_="lane"), element("line", line)]
    return "".join([*parts, _mark(arm, scale.at(found.estimate), y)])


def _mark(arm: Arm, x: float, y: float) -> str:
    if arm.shape in ("circle", "ring"):
        size = {"cx": x, "cy": y, "r": 4.8}
        return element("circle", {"class": f"mark {arm.shape} {arm.style}", **size})
    path = element("path", {"class": f"mark {arm.style}", "d": OUTLINES[arm.shape]})
    return element("g", {"transform": f"translate({x:.1f} {y:.1f})"}, path)


def _ticks(scale: Scale, y: float, unit: str) -> str:
    ends = {"x1": scale.start, "x2": scale.stop, "y1": y, "y2": y}
    parts = [element("line", {"class": "axis", **ends})]
    ticks = linear_ticks(scale.low, scale.high, 5)
    for tick in ticks:
        x = scale.at(tick)
        parts.append(element("line", {"class": "axis", "x1": x, "x2": x, "y1": y, "y2": y + 4.0}))
        name = decimal(tick, tick_digits(ticks))
        parts.append(words(name, x, y + 15.0, class_="tick", text_anchor="middle"))
    parts.append(words(unit, scale.stop, y + 28.0, class_="tick", text_anchor="end"))
    return "".join(parts)


def _grid(across: Scale, down: Scale, width: float) -> str:
    parts = []
    ticks = linear_ticks(down.low, down.high, 5)
    for tick in ticks:
        y = down.at(tick)
        ends = {"x1": across.start, "x2": width - 10.0, "y1": y, "y2": y}
        parts.append(element("line", {"class": "grid", **ends}))
        name = decimal(tick, tick_digits(ticks))
        parts.append(words(name, 40.0, y + 4.0, class_="tick", text_anchor="end"))
    for tick in week_ticks(across.low, across.high, 7):
        x = across.at(tick)
        parts.append(words(week(tick), x, down.start + 16.0, class_="tick", text_anchor="middle"))
    middle = (across.start + across.stop) / 2.0
    return "".join([*parts, words("Week", middle, _HEIGHT - 6.0, class_="tick",
                                  text_anchor="middle")])  # fmt: skip


def _band(weeks: np.ndarray, one: Spread, arm: Arm, across: Scale, down: Scale) -> str:
    x = np.concatenate([across.place(weeks), across.place(weeks)[::-1]])
    y = np.concatenate([
        down.place(np.asarray(one.low)), down.place(np.asarray(one.high))[::-1],
    ])  # fmt: skip
    return element("path", {"class": f"band plan {arm.style}", "d": polyline(x, y) + "Z"})


def _median(weeks: np.ndarray, one: Spread, arm: Arm, across: Scale, down: Scale) -> str:
    path = polyline(across.place(weeks), down.place(np.asarray(one.median)))
    return element("path", {"class": f"curve plan {arm.key} {arm.style}", "d": path})
