"""Small pictures: what studies say of a factor, and how many parameters have which status."""

from __future__ import annotations

import math
from collections.abc import Mapping

from funis.pipeline.model_view.estimates import Estimate, Spread
from funis.pipeline.model_view.listing import spread_words
from funis.report.svg import element, words

LOW, HIGH = 0.1, 5.0
"""Factors that a strip spans; what lies beyond is drawn at its end."""

TICKS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
WIDTH, LANE, AXIS, LEFT, NOTHING = 300.0, 16.0, 18.0, 54.0, 40.0


def estimate_strip(one: Estimate) -> str:
    """Return the factor before and after studies: median, 80 % and 95 % interval, chance of 0.

    The axis is logarithmic; a square at the left has the area of the probability of no effect.
    """
    tall = LANE * len(one.spreads) + AXIS
    said = "; ".join(
        f"{spread.words}: {spread_words(spread)}, 0 with {100 * spread.nothing:.0f} %"
        for spread in one.spreads
    )
    parts = [_tick(tick, tall) for tick in TICKS]
    parts += [_lane(spread, LANE * (at + 0.5)) for at, spread in enumerate(one.spreads)]
    if any(spread.nothing for spread in one.spreads):
        parts.append(words("0", NOTHING / 2, tall - 5, class_="tick", text_anchor="middle"))
    return element(
        "svg",
        {
            "viewBox": f"0 0 {WIDTH:.0f} {tall:.0f}",
            "class": "estimate",
            "role": "img",
            "aria-label": f"{one.parameter}, factor: {said}",
        },
        *parts,
    )


def _at(factor: float) -> float:
    share = math.log(min(max(factor, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + share * (WIDTH - LEFT - 12)


def _tick(value: float, tall: float) -> str:
    x = _at(value)
    kind = "one" if value == 1 else "grid"
    line = element("line", {"class": kind, "x1": x, "x2": x, "y1": 0, "y2": tall - AXIS + 2})
    return line + words(f"{value:g}", x, tall - 5, class_="tick", text_anchor="middle")


def _lane(spread: Spread, y: float) -> str:
    lowest, low, middle, high, highest = spread.quantiles
    lines = [
        element("line", {"class": name, "x1": _at(start), "x2": _at(stop), "y1": y, "y2": y})
        for name, start, stop in (("outer", lowest, highest), ("inner", low, high))
    ]
    dot = element("circle", {"cx": _at(middle), "cy": y, "r": 4})
    side = 14 * math.sqrt(spread.nothing)
    square = element(
        "rect",
        {"x": NOTHING / 2 - side / 2, "y": y - side / 2, "width": side, "height": side},
    )
    return element("g", {"class": f"lane {spread.basis}"}, *lines, dot, square if side else "")


def status_bar(counts: Mapping[str, int]) -> str:
    """Return the shares of the statuses as one bar, the best founded first."""
    total, x, parts = max(sum(counts.values()), 1), 0.0, []
    for status, count in counts.items():
        wide = 100 * count / total
        parts.append(
            element("rect", {"class": f"status-{status}", "x": x, "y": 0, "width": wide,
                             "height": 6})
        )  # fmt: skip
        x += wide
    said = ", ".join(f"{count} {status}" for status, count in counts.items())
    return element(
        "svg",
        {
            "viewBox": "0 0 100 6",
            "preserveAspectRatio": "none",
            "class": "statuses",
            "role": "img",
            "aria-label": said,
        },
        *parts,
    )
