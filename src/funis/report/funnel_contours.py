"""A funnel plot with contours of significance: effects against their standard errors.

Contours show where a study would lie with p above 0.1, from 0.05, from 0.01 (Peters 2008,
10.1016/j.jclinepi.2007.11.010): studies missing where results are not significant speak for
reporting bias, elsewhere for other causes.
"""

from __future__ import annotations

from funis.report.funnel import Funnel, Z
from funis.report.numerals import decimal
from funis.report.scales import Scale, linear_ticks, tick_digits
from funis.report.svg import element, picture, words

WIDTH, HEIGHT = 420.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 408.0, 16.0, 268.0
CONTOURS = ((2.575829, "p1"), (1.959964, "p5"), (1.644854, "p10"))
"""Normal quantiles of two-sided p 0.01, 0.05 and 0.10, the widest first, and their styles."""

LEGEND = (
    ("p10", "p above 0.10"),
    ("p5", "0.05 to 0.10"),
    ("p1", "0.01 to 0.05"),
    ("p0", "below 0.01"),
)


def funnel_figure(funnel: Funnel, null: float | None, identifier: str) -> str:
    """Return one funnel as SVG without a style of its own.

    Parameters
    ----------
    null
        Value without effect on the scale of analysis, around which the contours stand; None where
        nothing is compared: then there are none.
    """
    across, down = _scales(funnel, null)
    parts = [
        _contours(null, across, down) if null is not None else "",
        _axes(funnel, across, down),
        _sides(funnel.centre, across, down),
        *_dots(funnel, across, down),
    ]
    shown = ", ".join(
        f"{label} {decimal(value)} (standard error {decimal(error)})"
        for label, value, error in zip(funnel.labels, funnel.estimates, funnel.errors, strict=True)
    )
    about = f"{funnel.axis} of each study against its standard error: {shown}"
    return picture(identifier, (WIDTH, HEIGHT), funnel.title, about, *parts, kind="funnelplot")


def _scales(funnel: Funnel, null: float | None) -> tuple[Scale, Scale]:
    deepest = max(funnel.errors) * 1.12
    far = [abs(value - funnel.centre) for value in funnel.estimates]
    far += [] if null is None else [abs(null - funnel.centre)]
    reach = max(Z * deepest, *far) * 1.08
    across = Scale(funnel.centre - reach, funnel.centre + reach, LEFT, RIGHT)
    return across, Scale(0.0, deepest, TOP, BOTTOM)


def _contours(null: float, across: Scale, down: Scale) -> str:
    """Shade by significance: the whole plot first, then each triangle over the wider one."""
    size = {"width": RIGHT - LEFT, "height": BOTTOM - TOP}
    parts = [element("rect", {"class": "contour p0", "x": LEFT, "y": TOP, **size})]
    for quantile, style in CONTOURS:
        points = (
            (null - quantile * down.high, down.high), (null, 0.0),
            (null + quantile * down.high, down.high),
        )  # fmt: skip
        path = "L".join(f"{_held(x, across):.1f},{down.at(y):.1f}" for x, y in _clipped(
            points, null, quantile, across))  # fmt: skip
        parts.append(element("path", {"class": f"contour {style}", "d": f"M{path}Z"}))
    return "".join(parts)


def _clipped(
    points: tuple[tuple[float, float], ...], null: float, quantile: float, across: Scale
) -> list[tuple[float, float]]:
    """Return a triangle cut at the sides of the plot, so that its edges keep their slope."""
    (left, deep), (middle, top), (right, _) = points
    found = []
    if left < across.low:
        found += [(across.low, deep), (across.low, (null - across.low) / quantile)]
    else:
        found.append((left, deep))
    found.append((middle, top))
    if right > across.high:
        found += [(across.high, (across.high - null) / quantile), (across.high, deep)]
    else:
        found.append((right, deep))
    return found


def _held(x: float, across: Scale) -> float:
    return across.at(min(max(x, across.low), across.high))


def _axes(funnel: Funnel, across: Scale, down: Scale) -> str:
    parts = [_line("axis", LEFT, BOTTOM, RIGHT, BOTTOM), _line("axis", LEFT, TOP, LEFT, BOTTOM)]
    ticks = linear_ticks(across.low, across.high, 5)
    for tick in ticks:
        x, text = across.at(tick), decimal(tick, tick_digits(ticks))
        parts.append(_line("axis", x, BOTTOM, x, BOTTOM + 4.0))
        parts.append(words(text, x, BOTTOM + 17.0, class_="tick", text_anchor="middle"))
    errors = linear_ticks(0.0, down.high, 5)
    for tick in errors:
        y, text = down.at(tick), decimal(tick, tick_digits(errors))
        parts.append(_line("axis", LEFT - 4.0, y, LEFT, y))
        parts.append(words(text, LEFT - 7.0, y + 4.0, class_="tick", text_anchor="end"))
    middle = (LEFT + RIGHT) / 2
    parts.append(words(funnel.axis, middle, HEIGHT - 14.0, class_="tick", text_anchor="middle"))
    turned = {"class_": "tick", "text_anchor": "middle", "transform": "rotate(-90 12 142)"}
    parts.append(words("Standard error", 12.0, 142.0, **turned))
    return "".join(parts)


def _sides(centre: float, across: Scale, down: Scale) -> str:
    """Draw where 95 % of studies lie if they differ by chance alone."""
    deepest, x = down.high, across.at(centre)
    left, right = (across.at(centre + side * Z * deepest) for side in (-1, 1))
    path = f"M{left:.1f},{BOTTOM:.1f}L{x:.1f},{TOP:.1f}L{right:.1f},{BOTTOM:.1f}"
    return element("path", {"class": "sides", "d": path}) + _line("centre", x, TOP, x, BOTTOM)


def _dots(funnel: Funnel, across: Scale, down: Scale) -> list[str]:
    parts = []
    for label, value, error in zip(funnel.labels, funnel.estimates, funnel.errors, strict=True):
        x, y = across.at(value), down.at(error)
        title = element("title", {}, label.replace("&", "&amp;").replace("<", "&lt;"))
        parts.append(element("circle", {"class": "study", "cx": x, "cy": y, "r": 5}, title))
        left = x > (LEFT + RIGHT) / 2
        place, anchor = (x - 9.0, "end") if left else (x + 9.0, "start")
        parts.append(words(label, place, y + 4.0, class_="name", text_anchor=anchor))
    return parts


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return element("line", {"class": style, "x1": x1, "y1": y1, "x2": x2, "y2": y2})
