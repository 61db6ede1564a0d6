"""The time from thaw to vein as a picture and a table: dose, vials, load and response together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.plan import Held, Holds, Interval, Plan, Response
from funis.report.numerals import MISSING, count, decimal, percent, significant, week
from funis.report.plan.bands import SHARE
from funis.report.plan.content import Cell, Column, Figure, Section, Table, row
from funis.report.plan.numbers import interval, number, percents, unit_words
from funis.report.scales import Scale, linear_ticks, padded_range, tick_digits
from funis.report.svg import element, picture, polyline
from funis.report.svg import words as text

Array = NDArray[np.float64]

EVERY_MINUTE = 30.0
"""Times that a printed table lists, beside the usual one and the last [minute]."""

_LEFT, _RIGHT, _HIGH, _GAP, _TOP = 46.0, 12.0, 150.0, 34.0, 22.0
_IN_TIME = {None: "not stated", True: "yes", False: "no"}
_TOLD = (
    "Vials are counted so that the dose arrives living; the response is that of the dose as a "
    "trial counts it, living and dead cells together. So both move with the time, in opposite ways."
)


@dataclass(frozen=True, slots=True)
class Picked:
    """What stands beside one time from thaw to vein, in words; ``x`` is its place in pictures.

    ``functional`` has its 95 % interval; ``treated`` and ``difference`` too, None where nothing
    was predicted.
    """

    minute: str
    time: str
    living: str
    functional: str
    vials: str
    thawed: str
    dmso: str
    in_time: str
    treated: str | None
    placebo: str | None
    difference: str | None
    wide: float
    narrow: float


@dataclass(frozen=True, slots=True)
class Slider:
    """The times from thaw to vein with a picture of them in two widths.

    Attributes
    ----------
    endpoint : str or None
        What is predicted, in words with its unit.
    placebo, no_effect : str or None
        The same on placebo, and with cells that do nothing.
    rows : tuple of Picked
    figure : Figure
    told : tuple of str
        What the numbers mean, and where virtual patients were followed.
    """

    endpoint: str | None
    placebo: str | None
    no_effect: str | None
    rows: tuple[Picked, ...]
    figure: Figure
    told: tuple[str, ...]


def slider(holds: Holds) -> Slider:
    """Return every time from thaw to vein, in words, with its place in the picture."""
    found, wide, narrow = holds.response, _across(holds, 900.0), _across(holds, 360.0)
    estimate = _estimate(found)
    rows = tuple(
        Picked(
            f"{one.minute:g}", f"{one.minute:g} minutes", percent(one.living, 1),
            interval(one.functional_million), count(one.vials), number(one.thawed_million),
            MISSING if one.dmso_mg_per_kg is None else decimal(one.dmso_mg_per_kg, 2),
            _IN_TIME[one.in_time], estimate(one.treated), estimate(one.placebo),
            estimate(one.difference, sign=True), round(wide.at(one.minute), 1),
            round(narrow.at(one.minute), 1),
        )
        for one in holds.rows
    )  # fmt: skip
    return Slider(
        None if found is None else _endpoint(found),
        None if found is None else estimate(found.placebo),
        None if found is None else estimate(found.no_effect),
        rows, _figure(holds), _told(holds),
    )  # fmt: skip


def holds_section(plan: Plan) -> Section | None:
    """Return the times from thaw to vein for a page or print; None where they were not listed."""
    holds = plan.holds
    if holds is None:
        return None
    found = slider(holds)
    listed = {holds.usual_minute, holds.own_minute, holds.rows[-1].minute}
    rows = [
        picked
        for picked, one in zip(found.rows, holds.rows, strict=True)
        if one.minute in listed or one.minute % EVERY_MINUTE == 0
    ]
    columns = (
        Column("Minutes", 0.7), Column("Living", 0.7), Column("Functional, million cells", 1.3),
        Column("Vials", 0.6), Column("DMSO, mg/kg", 0.8), Column("Before expiry", 0.8),
        *((Column("Treated", 1.3), Column("Treated less placebo", 1.3)) if found.endpoint else ()),
    )  # fmt: skip
    table = Table(_caption(found), columns, tuple(_row(one, found) for one in rows))
    return Section(
        "holds", "From thaw to vein", found.told[:1], figures=(found.figure,), tables=(table,),
        after=found.told[1:], banner=False,
    )  # fmt: skip


def _row(one: Picked, found: Slider) -> tuple[Cell, ...]:
    predicted = (one.treated or MISSING, one.difference or MISSING) if found.endpoint else ()
    return row(one.minute, one.living, one.functional, one.vials, one.dmso, one.in_time, *predicted)


def _caption(found: Slider) -> str:
    if found.endpoint is None:
        return "By minutes from thaw to vein"
    return (
        f"By minutes from thaw to vein; {found.endpoint}: placebo {found.placebo}, cells that do "
        f"nothing {found.no_effect}"
    )


def _endpoint(found: Response) -> str:
    unit = "% of virtual patients" if found.measure == SHARE else unit_words(found.unit)
    return f"{found.endpoint} at week {week(found.week)}, {unit}"


def _estimate(found: Response | None) -> Callable[..., str | None]:
    share = found is not None and found.measure == SHARE

    def words(one: Interval | None, *, sign: bool = False) -> str | None:
        if one is None:
            return None
        return percents(one, sign=sign) if share else interval(one)

    return words


def _told(holds: Holds) -> tuple[str, ...]:
    if holds.response is None:
        return (_TOLD,)
    times = ", ".join(f"{minute:g}" for minute in holds.computed_minutes)
    return (
        _TOLD,
        f"Virtual patients were followed at {times} minutes; between them the response is "
        "interpolated by the share of cells that live.",
        "The interval of the functional dose holds the spread between runs and lots and what "
        "nobody reports.",
    )


def _across(holds: Holds, width: float) -> Scale:
    return Scale(0.0, holds.rows[-1].minute, _LEFT, width - _RIGHT)


def _figure(holds: Holds) -> Figure:
    caption = "Solid line with its 95% band: the functional dose in million cells."
    if holds.response is not None:
        caption += (
            " Below, the predicted response with its 95% band: solid, treated; long dashes, "
            "placebo; dots, cells that do nothing."
        )
    return Figure(caption, _drawn(holds, 900.0), _drawn(holds, 360.0))


def _drawn(holds: Holds, width: float) -> str:
    across, panels = _across(holds, width), tuple(_panels(holds))
    parts = []
    for place, panel in enumerate(panels):
        top = _TOP + place * (_HIGH + _GAP)
        parts.append(_panel(panel, holds.rows, across, (top, width)))
    bottom = _TOP + len(panels) * (_HIGH + _GAP) - _GAP
    parts += [_minutes(across, bottom, width), _marked(holds, across, bottom)]
    described = f"{_say(holds.rows[0])} {_say(holds.rows[-1])}"
    size = (width, bottom + 38.0)
    return picture(
        f"holds-{width:.0f}", size, "From thaw to vein", described, *parts
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Panel:
    """One panel: its heading, and series with style, name and an interval at each time."""

    heading: str
    series: tuple[tuple[str, str, tuple[Interval, ...]], ...]


def _panels(holds: Holds) -> Iterator[_Panel]:
    dose = tuple(one.functional_million for one in holds.rows)
    yield _Panel("Functional dose, million cells", (("a3", "treated", dose),))
    found = holds.response
    if found is None:
        return
    factor = 100.0 if found.measure == SHARE else 1.0
    treated = tuple(one.treated for one in holds.rows if one.treated is not None)
    series = (
        ("a0", "placebo", (found.placebo,) * len(treated)),
        ("a2", "no_effect", (found.no_effect,) * len(treated)),
        ("a1", "treated", treated),
    )
    yield _Panel(
        _endpoint(found),
        tuple((style, name, tuple(_scaled(one, factor) for one in values))
              for style, name, values in series),
    )  # fmt: skip


def _scaled(one: Interval, factor: float) -> Interval:
    return Interval(one.estimate * factor, one.low * factor, one.high * factor)


def _panel(panel: _Panel, rows: Sequence[Held], across: Scale, place: tuple[float, float]) -> str:
    top, width = place
    values = np.array(
        [[(one.low, one.estimate, one.high) for one in values] for _, _, values in panel.series]
    )
    low, high = padded_range(values)
    down = Scale(low, high, top + _HIGH, top + 8.0)
    minutes = np.array([one.minute for one in rows])
    parts = [text(panel.heading, 0.0, top - 6.0, class_="lane head")]
    ticks = linear_ticks(low, high, 4)
    for tick in ticks:
        y = down.at(tick)
        ends = {"x1": _LEFT, "x2": width - _RIGHT, "y1": y, "y2": y}
        parts.append(element("line", {"class": "grid", **ends}))
        name = decimal(tick, tick_digits(ticks))
        parts.append(text(name, _LEFT - 6.0, y + 4.0, class_="tick", text_anchor="end"))
    for (style, name, _), found in zip(panel.series, values, strict=True):
        parts.append(_band(style, across.place(minutes), down.place(found)))
        line = polyline(across.place(minutes), down.place(found[:, 1]))
        parts.append(element("path", {"class": f"curve plan {name} {style}", "d": line}))
    return "".join(parts)


def _band(style: str, x: Array | float, y: Array | float) -> str:
    across, down = np.asarray(x), np.asarray(y)
    path = polyline(
        np.concatenate([across, across[::-1]]), np.concatenate([down[:, 0], down[::-1, 2]])
    )
    return element("path", {"class": f"band plan {style}", "d": f"{path}Z"})


def _minutes(across: Scale, bottom: float, width: float) -> str:
    parts = []
    for tick in linear_ticks(across.low, across.high, 5 if width < 500 else 9):
        x = across.at(tick)
        parts.append(text(f"{tick:g}", x, bottom + 16.0, class_="tick", text_anchor="middle"))
    middle = (across.start + across.stop) / 2.0
    name = "Minutes from thaw to vein"
    return "".join([*parts, text(name, middle, bottom + 32.0, class_="tick", text_anchor="middle")])


def _marked(holds: Holds, across: Scale, bottom: float) -> str:
    """Return the line that marks a time: that of the plan, until another is picked."""
    x = across.at(holds.own_minute)
    return element("line", {"class": "cursor", "x1": x, "x2": x, "y1": _TOP, "y2": bottom})


def _say(one: Held) -> str:
    return (
        f"After {one.minute:g} minutes {percent(one.living, 1)} of the cells live, the functional "
        f"dose is {significant(one.functional_million.estimate, 3)} million cells, and "
        f"{count(one.vials)} vials are thawed."
    )
