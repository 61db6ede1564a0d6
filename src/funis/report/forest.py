"""Forest plots: studies, weights, intervals, a diamond for each stratum, as one SVG picture.

The picture stands alone: its style, the grade of evidence and the research-use line are inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from funis.report.content import Interval
from funis.report.forest_scale import inside, panel_scale, panel_ticks, tick_text
from funis.report.numerals import decimal, percent, significant
from funis.report.scales import Scale
from funis.report.statement import RESEARCH_USE
from funis.report.svg import Attribute, element, picture, words

WIDTH = 1060.0
ROW = 24.0
LEFT, RIGHT = 490.0, 800.0
"""Where the plot begins and ends; the columns of text stand on both sides."""

COLUMNS = (16.0, 176.0, 222.0, 354.0)
COLUMNS_ALONE = (16.0, 270.0, 316.0, 354.0)
LETTER = 6.9
ESTIMATE, WEIGHT = 980.0, 1044.0

_LINE_LENGTH = 162

STYLE = """
.plot{--paper:#fff;--ink:#1b2430;--soft:#55606e;--rule:#c9cfd5;--mark:#0b5a6f;--arm:#96690a;
font-family:"Helvetica Neue",Arial,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.plot{--paper:#12171d;--ink:#e6e9ec;--soft:#a9b4bf;
--rule:#3a454f;--mark:#74c5d8;--arm:#e0b03c}}
.plot text{fill:var(--ink);font-size:13px}.plot .title{font-size:17px;font-weight:600}
.plot .head,.plot .tick,.plot .small{fill:var(--soft);font-size:12px}
.plot .name{font-size:12px;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.plot .stratum{font-weight:700;font-size:13.5px}.plot .pool{font-weight:600}
.plot .paper{fill:var(--paper)}.plot .rule{stroke:var(--rule);stroke-width:1}
.plot .axis{stroke:var(--soft);stroke-width:1}.plot .null{stroke:var(--soft);stroke-width:1}
.plot .centre{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
.plot .whisker{stroke:var(--ink);stroke-width:1.4}.plot .arrow{fill:var(--ink)}
.plot .box{fill:var(--mark)}.plot .diamond{fill:var(--mark)}
.plot .uncontrolled .box{fill:var(--paper);stroke:var(--arm);stroke-width:1.8}
.plot .uncontrolled .diamond{fill:var(--paper);stroke:var(--arm);stroke-width:1.8}
.plot .expected{stroke:var(--mark);stroke-width:3.5}
.plot .uncontrolled .expected{stroke:var(--arm)}
.plot .dot{fill:var(--mark);fill-opacity:.75;stroke:var(--paper)}.plot .funnel{fill:none;
stroke:var(--soft);stroke-dasharray:4 3}
"""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One study; `cells`, `control` are printed results in few words, `weight` a share.

    `study` is its id, `about` what a reader may ask of it; the picture shows neither.
    """

    label: str
    week: str
    cells: str
    control: str
    interval: Interval
    weight: float | None
    study: str = ""
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForestStratum:
    """Studies of one design with their pool; without one `lines` say why."""

    title: str
    subtitle: str
    uncontrolled: bool
    rows: tuple[ForestRow, ...]
    pooled: Interval | None
    prediction: Interval | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForestPanel:
    """Strata on one axis: `null` is the value without effect, `favours` what lies on its sides.

    `treated` heads the column of the arm in question.
    """

    measure: str
    treated: str
    log: bool
    percent: bool
    null: float | None
    favours: tuple[str, str] | None
    strata: tuple[ForestStratum, ...]

    @property
    def controlled(self) -> bool:
        """Whether any study has a control."""
        return any(row.control for stratum in self.strata for row in stratum.rows)

    @property
    def columns(self) -> tuple[float, float, float, float]:
        """Where the columns of text begin; without a control the first is wider."""
        return COLUMNS if self.controlled else COLUMNS_ALONE


@dataclass(frozen=True, slots=True)
class Forest:
    """A whole picture; `footer` holds the grade of evidence and what else has to be said."""

    title: str
    subtitle: str
    panels: tuple[ForestPanel, ...]
    footer: tuple[str, ...]


def forest_plot(forest: Forest, identifier: str = "forest") -> str:
    """Return the picture as SVG, with an XML head so that it is a file of its own."""
    parts = [
        words(forest.title, COLUMNS[0], 30.0, class_="title"),
        words(forest.subtitle, COLUMNS[0], 50.0, class_="small"),
    ]
    y = 62.0
    for panel in forest.panels:
        drawn, y = _panel(panel, y)
        parts.append(drawn)
    footer, y = lines_below((*forest.footer, RESEARCH_USE), y + 8.0)
    parts.append(footer)
    return standalone(identifier, (WIDTH, y + 8.0), forest.title, forest.subtitle, parts)


def standalone(
    identifier: str, size: tuple[float, float], title: str, about: str, parts: Sequence[str]
) -> str:
    """Return parts as a picture with its own paper and style."""
    paper = element("rect", {"class": "paper", "width": size[0], "height": size[1]})
    style = element("style", {}, STYLE)
    return picture(identifier, size, title, about, style, paper, *parts, kind="plot") + "\n"


def lines_below(lines: Sequence[str], y: float) -> tuple[str, float]:
    """Write lines of small text, broken where they are too long; returns where they end."""
    parts = []
    for line in lines:
        for piece in broken(line):
            y += 17.0
            parts.append(words(piece, COLUMNS[0], y, class_="small"))
    return "".join(parts), y


def broken(line: str, length: int = _LINE_LENGTH) -> list[str]:
    """Break a line at blanks."""
    pieces, current = [], ""
    for word in line.split():
        if current and len(current) + len(word) + 1 > length:
            pieces.append(current)
            current = word
        else:
            current = f"{current} {word}".strip()
    return [*pieces, current] if current else pieces


def shortened(text: str, length: int) -> str:
    """Cut a text that is too long for its column."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}\u2026"


def _panel(panel: ForestPanel, y: float) -> tuple[str, float]:
    """Draw the strata that share an axis."""
    scale = panel_scale(panel, (LEFT, RIGHT))
    top = y + 22.0
    heads = ["Study", "Week", panel.treated, "Control" if panel.controlled else ""]
    places = panel.columns
    parts = [
        words(text, x, top, class_="head") for text, x in zip(heads, places, strict=True) if text
    ]
    parts += [
        words(panel.measure, (LEFT + RIGHT) / 2, top, class_="head", text_anchor="middle"),
        words("Estimate (95 % interval)", ESTIMATE, top, class_="head", text_anchor="end"),
        words("Weight", WEIGHT, top, class_="head", text_anchor="end"),
        _line("rule", COLUMNS[0], top + 8.0, WEIGHT, top + 8.0),
    ]
    y = top + 10.0
    drawn = []
    for stratum in panel.strata:
        piece, y = _stratum(stratum, panel, scale, y)
        drawn.append(piece)
    axis, end = _axis(panel, scale, y)
    return "".join([*parts, *drawn, axis]), end


def _stratum(
    stratum: ForestStratum, panel: ForestPanel, scale: Scale, y: float
) -> tuple[str, float]:
    y += ROW
    parts = [
        words(stratum.title, COLUMNS[0], y - 4.0, class_="stratum"),
    ]
    y += 17.0
    parts.append(words(stratum.subtitle, COLUMNS[0], y - 5.0, class_="small"))
    begin = y
    largest = max((row.weight or 0.0 for row in stratum.rows), default=0.0)
    for row in stratum.rows:
        y += ROW
        parts.append(_row(row, panel, scale, y - 8.0, largest))
    if stratum.pooled is not None:
        y += ROW + 2.0
        parts.append(_pooled(stratum, stratum.pooled, panel, scale, y - 8.0, begin))
        if stratum.prediction is not None:
            y += ROW
            parts.append(_prediction(stratum.prediction, panel, scale, y - 8.0))
    if panel.null is not None:
        parts.insert(0, _upright("null", panel.null, scale, begin + 2.0, y))
    for line in (piece for text in stratum.lines for piece in broken(text)):
        y += 17.0
        parts.append(words(line, COLUMNS[0], y, class_="small"))
    group = {"class": "uncontrolled" if stratum.uncontrolled else "controlled"}
    return element("g", group, *parts), y + 8.0


def _row(row: ForestRow, panel: ForestPanel, scale: Scale, y: float, largest: float) -> str:
    label = shortened(row.label, int((panel.columns[1] - COLUMNS[0] - 8.0) / LETTER))
    texts = (label, row.week, row.cells, row.control)
    places = panel.columns
    parts = [words(text, x, y + 4.0) for text, x in zip(texts, places, strict=True) if text]
    parts.append(_whisker(row.interval, scale, y))
    share = math.sqrt((row.weight or 0.0) / largest) if largest else 0.6
    side = 5.0 + 8.0 * share
    estimate = row.interval.estimate
    if estimate is not None and scale.low <= estimate <= scale.high:
        x = scale.at(estimate)
        box: dict[str, Attribute] = {"x": x - side / 2, "y": y - side / 2}
        parts.append(element("rect", {"class": "box", **box, "width": side, "height": side}))
    parts.append(words(interval_text(row.interval, panel), ESTIMATE, y + 4.0, text_anchor="end"))
    if row.weight is not None:
        parts.append(words(percent(row.weight), WEIGHT, y + 4.0, text_anchor="end"))
    return "".join(parts)


def _pooled(
    stratum: ForestStratum,
    pooled: Interval,
    panel: ForestPanel,
    scale: Scale,
    y: float,
    begin: float,
) -> str:
    place = [inside(value, scale) for value in (pooled.low, pooled.estimate, pooled.high)]
    left, middle, right = place
    path = f"M{left:.1f},{y:.1f}L{middle:.1f},{y - 7:.1f}L{right:.1f},{y:.1f}"
    shape = f"{path}L{middle:.1f},{y + 7:.1f}Z"
    name = "Pooled" if len(stratum.rows) > 1 else ""
    return "".join(
        [
            _line("centre", middle, begin + 4.0, middle, y - 8.0),
            element("path", {"class": "diamond", "d": shape}),
            words(name, COLUMNS[0], y + 4.0, class_="pool"),
            words(
                interval_text(pooled, panel),
                ESTIMATE, y + 4.0, class_="pool", text_anchor="end",
            ),
        ]
    )  # fmt: skip


def _prediction(interval: Interval, panel: ForestPanel, scale: Scale, y: float) -> str:
    low, high = inside(interval.low, scale), inside(interval.high, scale)
    text = f"{_number(interval.low, panel)} to {_number(interval.high, panel)}"
    return "".join(
        [
            _line("expected", low, y, high, y),
            _arrows(interval, scale, y),
            words("Prediction for a further study", COLUMNS[0], y + 4.0),
            words(text, ESTIMATE, y + 4.0, text_anchor="end"),
        ]
    )


def _whisker(interval: Interval, scale: Scale, y: float) -> str:
    if interval.low is None or interval.high is None:
        return ""
    low, high = inside(interval.low, scale), inside(interval.high, scale)
    return _line("whisker", low, y, high, y) + _arrows(interval, scale, y)


def _arrows(interval: Interval, scale: Scale, y: float) -> str:
    """Point to where an interval leaves the plot."""
    parts = []
    for value, edge, way in ((interval.low, scale.low, -1), (interval.high, scale.high, 1)):
        if value is not None and way * (value - edge) > 0:
            x = scale.at(edge)
            path = f"M{x + 3 * way:.1f},{y:.1f}L{x - 5 * way:.1f},{y - 4:.1f}v8Z"
            parts.append(element("path", {"class": "arrow", "d": path}))
    return "".join(parts)


def _axis(panel: ForestPanel, scale: Scale, y: float) -> tuple[str, float]:
    parts = [_line("axis", LEFT, y, RIGHT, y)]
    for tick in panel_ticks(panel, scale):
        x = scale.at(tick)
        parts.append(_line("axis", x, y, x, y + 5.0))
        text = percent(tick, 0) if panel.percent else tick_text(tick, panel, scale)
        parts.append(words(text, x, y + 18.0, class_="tick", text_anchor="middle"))
    if panel.favours is None or panel.null is None:
        return "".join(parts), y + 26.0
    x = scale.at(panel.null)
    left, right = f"\u2190 {panel.favours[0]}", f"{panel.favours[1]} \u2192"
    for text, side, anchor in ((left, -8.0, "end"), (right, 8.0, "start")):
        parts.append(words(text, x + side, y + 35.0, class_="tick", text_anchor=anchor))
    return "".join(parts), y + 42.0


def interval_text(interval: Interval, panel: ForestPanel) -> str:
    """Return an estimate with its limits."""
    estimate = _number(interval.estimate, panel)
    return f"{estimate} ({_number(interval.low, panel)} to {_number(interval.high, panel)})"


def _number(value: float | None, panel: ForestPanel) -> str:
    if panel.percent:
        return percent(value)
    if panel.log and value is not None and not 0.01 <= value < 1000:
        return significant(value, 2)
    return decimal(value, 0 if value is not None and abs(value) >= 200 else 2)


def _upright(style: str, value: float, scale: Scale, top: float, bottom: float) -> str:
    x = scale.at(value)
    return _line(style, x, top, x, bottom)


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return element("line", {"class": style, "x1": x1, "y1": y1, "x2": x2, "y2": y2})
