"""Funnel plots: effects against their standard errors, as one SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from funis.report.forest import WIDTH, lines_below, standalone
from funis.report.numerals import decimal
from funis.report.scales import Scale, linear_ticks, tick_digits
from funis.report.statement import RESEARCH_USE
from funis.report.svg import element, words

HEIGHT = 300.0
LEFT, RIGHT = 90.0, 1020.0
Z = 1.959964
LETTER = 6.4


@dataclass(frozen=True, slots=True)
class Funnel:
    """The studies of one stratum, on the scale of analysis; `lines` tell the test."""

    title: str
    axis: str
    labels: tuple[str, ...]
    estimates: tuple[float, ...]
    errors: tuple[float, ...]
    centre: float
    lines: tuple[str, ...]


def funnel_plot(
    title: str, funnels: Sequence[Funnel], footer: Sequence[str], identifier: str = "funnel"
) -> str:
    """Return the picture as SVG: one panel a stratum."""
    parts = [words(title, 16.0, 30.0, class_="title")]
    y = 44.0
    for funnel in funnels:
        drawn, y = _panel(funnel, y)
        parts.append(drawn)
    text, y = lines_below((*footer, RESEARCH_USE), y + 8.0)
    about = "Effects of studies against their standard errors"
    return standalone(identifier, (WIDTH, y + 8.0), title, about, [*parts, text])


def _panel(funnel: Funnel, y: float) -> tuple[str, float]:
    top, bottom = y + 56.0, y + HEIGHT
    deepest = max(funnel.errors) * 1.1
    reach = max(Z * deepest, *(abs(value - funnel.centre) for value in funnel.estimates)) * 1.05
    across = Scale(funnel.centre - reach, funnel.centre + reach, LEFT, RIGHT)
    down = Scale(0.0, deepest, top, bottom)
    parts = [
        words(funnel.title, 16.0, y + 20.0, class_="stratum"),
        _axes(funnel, across, down),
        _sides(funnel.centre, deepest, across, down),
        *_dots(funnel, across, down),
    ]
    text, end = lines_below(funnel.lines, bottom + 40.0)
    return element("g", {}, *parts, text), end + 12.0


def _axes(funnel: Funnel, across: Scale, down: Scale) -> str:
    bottom = down.stop
    parts = [
        _line("axis", LEFT, bottom, RIGHT, bottom),
        _line("axis", LEFT, down.start, LEFT, bottom),
    ]
    ticks = linear_ticks(across.low, across.high, 7)
    for tick in ticks:
        x = across.at(tick)
        parts.append(_line("axis", x, bottom, x, bottom + 5.0))
        text = decimal(tick, tick_digits(ticks))
        parts.append(words(text, x, bottom + 18.0, class_="tick", text_anchor="middle"))
    errors = linear_ticks(0.0, down.high, 5)
    for tick in errors:
        y = down.at(tick)
        parts.append(_line("axis", LEFT - 5.0, y, LEFT, y))
        text = decimal(tick, tick_digits(errors))
        parts.append(words(text, LEFT - 8.0, y + 4.0, class_="tick", text_anchor="end"))
    middle = (LEFT + RIGHT) / 2
    parts.append(words(funnel.axis, middle, bottom + 36.0, class_="head", text_anchor="middle"))
    parts.append(words("Standard error", 16.0, down.start - 14.0, class_="head"))
    return "".join(parts)


def _sides(centre: float, deepest: float, across: Scale, down: Scale) -> str:
    """Draw where 95 % of studies lie if they differ by chance alone."""
    x, y = across.at(centre), down.at(0.0)
    bottom = down.at(deepest)
    left, right = across.at(centre - Z * deepest), across.at(centre + Z * deepest)
    path = f"M{left:.1f},{bottom:.1f}L{x:.1f},{y:.1f}L{right:.1f},{bottom:.1f}"
    return element("path", {"class": "funnel", "d": path}) + _line("null", x, y, x, bottom)


def _dots(funnel: Funnel, across: Scale, down: Scale) -> list[str]:
    """Draw the studies, with their names where these do not lie over each other."""
    parts: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for label, value, error in zip(funnel.labels, funnel.estimates, funnel.errors, strict=True):
        x, y = across.at(value), down.at(error)
        parts.append(element("circle", {"class": "dot", "cx": x, "cy": y, "r": 5}))
        wide = LETTER * len(label)
        for begin, anchor, place in ((x + 9.0, "start", x + 9.0), (x - 9.0 - wide, "end", x - 9.0)):
            if begin > LEFT and begin + wide < RIGHT and not _meets(begin, wide, y, taken):
                taken.append((begin, begin + wide, y))
                parts.append(words(label, place, y + 4.0, class_="name", text_anchor=anchor))
                break
    return parts


def _meets(begin: float, wide: float, y: float, taken: list[tuple[float, float, float]]) -> bool:
    return any(
        begin < right and begin + wide > left and abs(y - height) < 14.0
        for left, right, height in taken
    )


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return element("line", {"class": style, "x1": x1, "y1": y1, "x2": x2, "y2": y2})
