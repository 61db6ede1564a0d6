"""The calendar of a plan as a picture: one lane a kind, windows as bars, single days as marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from funis.plan import Entry
from funis.plan.preparation import EntryKind
from funis.report.numerals import MINUS
from funis.report.plan.numbers import days, words
from funis.report.scales import Scale, linear_ticks
from funis.report.strips import OUTLINES
from funis.report.svg import element, picture
from funis.report.svg import words as text

LANE = 24.0
_TOP = 8.0
_FOOT = 40.0
_LEAST = 3.0
_STYLES = {"infusion": "a1", "premedication": "a1", "maintenance": "a1", "stopping": "a2"}


def timeline(entries: Sequence[Entry], width: float, name: str) -> str:
    """Return the picture; ``name`` keeps the ids of several pictures on a page apart."""
    kinds = [kind for kind in get_args(EntryKind) if any(one.kind == kind for one in entries)]
    left = 96.0 if width < 500.0 else 120.0
    low = min(one.day_first for one in entries)
    high = max(one.day_last for one in entries)
    scale = Scale(low, max(high, low + 1), left + 8.0, width - 14.0)
    bottom = _TOP + LANE * len(kinds)
    parts = [_axis(scale, bottom, width), _zero(scale, bottom)]
    for place, kind in enumerate(kinds):
        y = _TOP + LANE * (place + 0.5)
        parts += [_name(kind, y), _rule(left, width, y)]
        parts += [_entry(one, scale, y) for one in entries if one.kind == kind]
    return picture(
        f"timeline-{name}", (width, bottom + _FOOT), "Calendar in days", _description(entries),
        *parts,
    )  # fmt: skip


def _description(entries: Sequence[Entry]) -> str:
    told = (f"{days(one.day_first, one.day_last)}: {one.title}" for one in entries)
    return "; ".join(told) + "."


def _name(kind: str, y: float) -> str:
    return text(words(kind), 0.0, y + 4.0, class_="lane")


def _rule(left: float, width: float, y: float) -> str:
    return element("line", {"class": "grid", "x1": left, "x2": width, "y1": y, "y2": y})


def _zero(scale: Scale, bottom: float) -> str:
    if not scale.low <= 0 <= scale.high:
        return ""
    x = scale.at(0.0)
    return element("line", {"class": "zero", "x1": x, "x2": x, "y1": 0, "y2": bottom})


def _axis(scale: Scale, bottom: float, width: float) -> str:
    y = bottom + 6.0
    parts = [element("line", {
        "class": "axis", "x1": scale.start, "x2": scale.stop, "y1": y, "y2": y,
    })]  # fmt: skip
    for tick in linear_ticks(scale.low, scale.high, 5 if width < 500.0 else 9):
        x = scale.at(tick)
        parts.append(element("line", {"class": "axis", "x1": x, "x2": x, "y1": y, "y2": y + 4.0}))
        name = f"{tick:g}".replace("-", MINUS)
        parts.append(text(name, x, y + 17.0, class_="tick", text_anchor="middle"))
    middle = (scale.start + scale.stop) / 2.0
    parts.append(text("Day", middle, y + 31.0, class_="tick", text_anchor="middle"))
    return "".join(parts)


def _entry(one: Entry, scale: Scale, y: float) -> str:
    style = _STYLES.get(one.kind, "a0")
    title = element("title", {}, _escaped(f"{days(one.day_first, one.day_last)}: {one.title}"))
    left, right = scale.at(one.day_first), scale.at(one.day_last)
    parts = [title]
    if one.day_last > one.day_first:
        wide = max(right - left, _LEAST)
        box = {"x": left, "y": y - 4.0, "width": wide, "height": 8.0, "rx": 3.0}
        parts.append(element("rect", {"class": f"window {style}", **box}))
    if one.day_last == one.day_first or one.kind == "infusion":
        parts.append(_mark(one, style, left, y))
    return element("g", {"class": style}, *parts)


def _mark(one: Entry, style: str, x: float, y: float) -> str:
    if one.kind != "infusion":
        return element("circle", {"class": f"mark {style}", "cx": x, "cy": y, "r": 4.2})
    place = f"translate({x:.1f} {y:.1f})"
    path = element("path", {"class": f"mark {style}", "d": OUTLINES["triangle"]})
    return element("g", {"transform": place}, path)


def _escaped(words_: str) -> str:
    from xml.sax.saxutils import escape

    return escape(words_)
