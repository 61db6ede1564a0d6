"""Panels of a search: effect against what it costs, with intervals and the front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from funis.report.numerals import decimal
from funis.report.scales import Scale, linear_ticks, padded_range, tick_digits
from funis.report.strips import OUTLINES, Shape
from funis.report.svg import Attribute, element, picture, words

SIZE = (360.0, 250.0)
LEFT, RIGHT, TOP, BOTTOM = 46.0, 350.0, 10.0, 214.0
ASIDE, MOST_ASIDE = 4.0, 26.0
"""Between dots of one cost, and over all of them."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A candidate: where it lies, its interval upwards, how it looks; `mark` makes it stand out."""

    name: str
    x: float
    y: float
    low: float
    high: float
    style: str
    shape: Shape
    mark: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel: its names, and the ranges that all panels of a row share."""

    id: str
    title: str
    description: str
    across: str
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def right(self) -> Scale:
        """The scale of what it costs."""
        return Scale(*self.x, start=LEFT + 8.0, stop=RIGHT - 6.0)

    @property
    def up(self) -> Scale:
        """The scale of effects."""
        return Scale(*self.y, start=BOTTOM, stop=TOP)


def ranges(dots: Sequence[Dot]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges that hold all dots, no cells at the origin, and the intervals."""
    across = np.array([0.0, *(dot.x for dot in dots)])
    up = np.array([0.0, *(end for dot in dots for end in (dot.low, dot.high, dot.y))])
    return padded_range(across), padded_range(up)


def front_panel(dots: Sequence[Dot], frame: Frame) -> str:
    """Return the dots with their intervals, and the front of their means from no cells on."""
    known = [dot for dot in dots if np.isfinite(dot.x) and np.isfinite(dot.y)]
    places = [
        frame.right.at(dot.x) + aside for dot, aside in zip(known, _aside(known), strict=True)
    ]
    placed = list(zip(known, places, strict=True))
    return picture(
        frame.id, SIZE, frame.title, frame.description, _grid(frame), _front(known, frame),
        *(_whisker(dot, x, frame) for dot, x in placed),
        *(_dot(dot, x, frame) for dot, x in placed),
    )  # fmt: skip


def _aside(dots: Sequence[Dot]) -> list[float]:
    """Return how far dots of one cost are put aside, so that their intervals can be seen."""
    alike = [[other for other, two in enumerate(dots) if two.x == one.x] for one in dots]
    step = [min(ASIDE, MOST_ASIDE / len(same)) for same in alike]
    return [
        step[number] * (same.index(number) - (len(same) - 1) / 2)
        for number, same in enumerate(alike)
    ]


def front_of(dots: Sequence[Dot]) -> list[tuple[float, float]]:
    """Return the corners of the front: nothing further left is as high, from no cells on."""
    corners = [(0.0, 0.0)]
    for dot in sorted(dots, key=lambda dot: (dot.x, -dot.y)):
        if dot.y > corners[-1][1]:
            corners.append((dot.x, dot.y))
    return corners


def _front(dots: Sequence[Dot], frame: Frame) -> str:
    corners = front_of(dots)
    points = [(frame.right.at(x), frame.up.at(y)) for x, y in corners]
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}" + "".join(
        f"H{x:.1f}V{y:.1f}" for x, y in points[1:]
    )
    return element("path", {"class": "front", "d": f"{path}H{RIGHT:.1f}"})


def _grid(frame: Frame) -> str:
    parts = [element("path", {"class": "axis", "d": f"M{LEFT},{BOTTOM}H{RIGHT}"})]
    ticks = linear_ticks(*frame.y)
    for value in ticks:
        y = frame.up.at(value)
        kind = "zero" if value == 0 else "grid"
        parts.append(element("path", {"class": kind, "d": f"M{LEFT},{y:.1f}H{RIGHT}"}))
        text = decimal(value, tick_digits(ticks))
        parts.append(words(text, LEFT - 5.0, y + 3.5, class_="tick", text_anchor="end"))
    ticks = linear_ticks(*frame.x)
    for value in ticks:
        x, text = frame.right.at(value), decimal(value, tick_digits(ticks))
        parts.append(element("path", {"class": "axis", "d": f"M{x:.1f},{BOTTOM}v4"}))
        parts.append(words(text, x, BOTTOM + 16.0, class_="tick", text_anchor="middle"))
    middle = (LEFT + RIGHT) / 2
    parts.append(words(frame.across, middle, SIZE[1] - 4.0, class_="tick", text_anchor="middle"))
    return "".join(parts)


def _whisker(dot: Dot, x: float, frame: Frame) -> str:
    low, high = frame.up.at(dot.low), frame.up.at(dot.high)
    path = f"M{x:.1f},{low:.1f}V{high:.1f}"
    return element("path", {"class": f"whisker thin {dot.style}", "d": path})


def _dot(dot: Dot, x: float, frame: Frame) -> str:
    y = frame.up.at(dot.y)
    place: dict[str, Attribute] = {"transform": f"translate({x:.1f},{y:.1f})"}
    title = element("title", {}, escape(dot.name))
    halo = element("circle", {"class": "halo", "r": 9.0}) if dot.mark else ""
    return element("g", place, title, halo, shape_mark(dot.shape, dot.style))


def shape_mark(shape: Shape, style: str) -> str:
    """Return one mark around the origin."""
    if shape in ("circle", "ring"):
        return element("circle", {"class": f"mark {shape} {style}", "r": 4.8})
    return element("path", {"class": f"mark {style}", "d": OUTLINES[shape]})
