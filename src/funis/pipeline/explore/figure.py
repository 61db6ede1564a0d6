"""A view as one picture that stands alone: score and first responder rule, twin and grade in it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np

from funis.pipeline.explore.answer import Curve, ExploreView
from funis.pipeline.explore.document import headline
from funis.report import charts
from funis.report.charts import Panel, curve_panel
from funis.report.scales import Array, padded_range
from funis.report.svg import element, words
from funis.units import DAYS_PER_WEEK

WIDTH, HEIGHT, PANEL_HEIGHT = 900.0, 640.0, 300.0
SHARE = (0.0, 1.0)
LINE = 16.0
LETTERS = 128
"""Characters of a line of text at the width of the picture."""

STYLE = """
svg { background: #ffffff; font-family: system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
text { fill: #1b2430; font-size: 12px; } .tick { fill: #55606e; font-size: 11px; }
.head { font-size: 15px; font-weight: 600; } .soft { fill: #55606e; }
.grid { stroke: #e7eaec; fill: none; } .axis { stroke: #55606e; fill: none; }
.curve { fill: none; stroke-width: 2.2; } .curve.arm { stroke: #0072b2; }
.curve.twin { stroke: #6b7480; stroke-dasharray: 5 4; } .band { stroke: none; }
.band.arm.inner { fill: #0072b2; opacity: 0.26; } .band.arm.outer { fill: #0072b2; opacity: 0.13; }
.band.twin.inner { fill: #6b7480; opacity: 0.2; }
.band.twin.outer { fill: none; stroke: #6b7480; stroke-dasharray: 1.5 3; } .dose { fill: #1b2430; }
"""


def figure_svg(view: ExploreView) -> str:
    """Return the picture as SVG text, its own style within."""
    first = view.responders[:1]
    half = WIDTH / (1 + len(first))
    panels = [_placed(_score(view, half), 0.0, half)]
    panels += [_placed(_share(view, one, half), half, half) for one in first]
    names = [_name(view.score), *(f"{one.name}, share" for one in first)]
    heads = [
        words(_cut(name), place * half + 10, 66.0, class_="head")
        for place, name in enumerate(names)
    ]
    title = f"{view.disease}: {view.product}"
    body = [words(title, 10.0, 26.0, class_="head"), words(_key(), 10.0, 45.0), *heads, *panels]
    body += _paragraph(_lines(view), 90.0 + PANEL_HEIGHT)
    head: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}",
        "width": WIDTH,
        "height": HEIGHT,
    }
    background = element("rect", {"width": WIDTH, "height": HEIGHT, "fill": "#ffffff"})
    return element("svg", head, element("style", {}, STYLE), background, *body) + "\n"


def _lines(view: ExploreView) -> Sequence[str]:
    parts = (
        headline(view), view.grade.whole, view.grade.approval,
        f"{view.simulated} {view.left_out}", f"Draws: {view.draws}.", view.research_use,
        f"/explore?{view.link}",
    )  # fmt: skip
    return [line for part in parts for line in wrap(part, LETTERS)]


def _paragraph(lines: Sequence[str], top: float) -> list[str]:
    return [
        words(line, 10.0, top + LINE * (place + 1), class_="soft")
        for place, line in enumerate(lines)
    ]


def _key() -> str:
    return (
        "Line: median treated, bands 50 % and 90 % of the patients; dashed: the same virtual"
        " patients without cells (twin)"
    )


def _name(curve: Curve) -> str:
    return f"{curve.name} [{curve.unit}]" if curve.unit else curve.name


def _cut(text: str) -> str:
    return text if len(text) <= 52 else f"{text[:51]}…"


def _placed(picture: str, x: float, width: float) -> str:
    frame = {"x": x, "y": 76.0, "width": width, "height": PANEL_HEIGHT}
    return element("svg", frame, picture.replace("|10–90%", "|5–95%"))


def _panel(view: ExploreView, name: str, values: tuple[float, float], width: float) -> Panel:
    marks = tuple(day / DAYS_PER_WEEK for day in view.state.days)
    return Panel(
        name, name, view.grade.text, (0.0, float(view.state.weeks)), values, marks=marks,
        size=(width, PANEL_HEIGHT), percent=values == SHARE,
    )  # fmt: skip


def _score(view: ExploreView, width: float) -> str:
    score = view.score
    values = padded_range(np.concatenate([score.treated.ravel(), score.twin.ravel()]))
    curves = [_banded("twin", score.twin), _banded("arm", score.treated)]
    return curve_panel(view.weeks, curves, _panel(view, "score", values, width))


def _banded(style: str, band: Array) -> charts.Curve:
    name = "twin" if style == "twin" else "treated"
    return charts.Curve(name, style, band[2], (band[1], band[3]), (band[0], band[4]))


def _share(view: ExploreView, rule: Curve, width: float) -> str:
    curves = [charts.Curve("twin", "twin", rule.twin), charts.Curve("treated", "arm", rule.treated)]
    return curve_panel(view.weeks, curves, _panel(view, "responders", SHARE, width))
