"""The diagram of a model as one SVG: nodes are links to their equations, arrows carry a sign.

Colours come from the style sheet of the page; a picture that stands alone carries its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from funis.pipeline.model_view.arrows import SIGN_WORDS, Arrow, Graph, Sign
from funis.pipeline.model_view.layout import LINE, PAD, TITLE, Box, Layout, Node, wrapped
from funis.report.statement import RESEARCH_USE
from funis.report.svg import Attribute, element, words

HEADS: Mapping[Sign, str] = {
    "raises": "M0,-4L8,0L0,4z",
    "lowers": "M6.5,-5V5",
    "either": "M4,-4L8,0L4,4L0,0z",
    "flows": "M0,-5L9,0L0,5z",
    "enters": "M1,0a3,3 0 1 0 6,0a3,3 0 1 0 -6,0z",
}
"""Ends of arrows, pointing right, the tip at x = 8."""

LEAST_BEND, MOST_BEND = 28.0, 150.0

STYLE = """
svg{font-family:system-ui,sans-serif;background:#fff;color:#1b2530}
.frame{fill:#f3f5f8;stroke:#d5dbe3}.frame-name{font-size:13px;font-weight:600;fill:#1b2530}
.group-name{font-size:11.5px;font-style:italic;fill:#4a5765}
.node rect{fill:#fff;stroke:#7b8794}.node text{font-size:12px;fill:#1b2530}
.node .node-id{font-family:ui-monospace,monospace;font-size:10.5px;fill:#4a5765}
.arrow{fill:none;stroke-width:1.1;opacity:.5}.asleep{display:none}
.raises{stroke:#1a6fb0}.lowers{stroke:#b4372b}.either{stroke:#6b4fa0}.flows{stroke:#5c6b7a}
.enters{stroke:#9aa5b1}.head-raises{fill:#1a6fb0}.head-lowers{stroke:#b4372b;stroke-width:2}
.head-either{fill:#6b4fa0}.head-flows{fill:#5c6b7a}.head-enters{fill:#fff;stroke:#9aa5b1}
.note{font-size:12px;fill:#4a5765}
"""


def diagram_svg(
    disease: str, name: str, graph: Graph, places: Layout, *, link: str = "#eq-{id}",
    alone: bool = False,
) -> str:  # fmt: skip
    """Return the diagram.

    Parameters
    ----------
    disease, name : id and name of the disease.
    link : address that a node opens, with its id put in.
    alone : with its own colours and the statement of use, to be kept as a file.
    """
    awake = sum(not arrow.asleep for arrow in graph.arrows)
    title = f"{name}: who acts on whom in the model"
    said = (
        f"{len(graph.states)} states, {len(graph.signals)} signals and {len(graph.scores)} things"
        f" that are measured, joined by {awake} influences computed from the equations."
        " The same influences stand in the list below the picture."
    )
    parts = [
        element("title", {"id": f"diagram-{disease}-t"}, escape(title)),
        element("desc", {"id": f"diagram-{disease}-d"}, escape(said)),
        _heads(),
        *(_frame(box) for box in places.boxes),
        element("g", {"class": "arrows", "aria-hidden": "true"}, *_arrows(graph, places)),
        element("g", {"class": "nodes"}, *(_node(node, link) for node in places.nodes)),
    ]
    tall = places.height
    if alone:
        parts.insert(2, element("style", {}, STYLE))
        parts.append(words(RESEARCH_USE, 12, tall + 14, class_="note"))
        tall += 24
    return element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {places.width:.0f} {tall:.0f}",
            "width": f"{places.width:.0f}",
            "height": f"{tall:.0f}",
            "class": "diagram",
            "role": "group",
            "aria-labelledby": f"diagram-{disease}-t diagram-{disease}-d",
        },
        *parts,
    )


def _heads() -> str:
    return element("defs", {}, *(
        element(
            "marker",
            {"id": f"head-{sign}", "viewBox": "-1 -6 11 12", "refX": "8", "refY": "0",
             "markerWidth": "11", "markerHeight": "12", "markerUnits": "userSpaceOnUse",
             "orient": "auto"},
            element("path", {"class": f"head-{sign}", "d": path}),
        )
        for sign, path in HEADS.items()
    ))  # fmt: skip


def _frame(box: Box) -> str:
    if box.level == 2:
        return words(wrapped(box.title, 30, 1)[0], box.x + 2, box.y + LINE, class_="group-name")
    place: dict[str, Attribute] = {"x": box.x, "y": box.y, "width": box.width,
                                   "height": box.height, "rx": 8, "class": "frame"}  # fmt: skip
    lines = wrapped(box.title, TITLE if box.width < 200 else 2 * TITLE)
    names = (
        words(line, box.x + 10, box.y + 18 + 16 * at, class_="frame-name")
        for at, line in enumerate(lines)
    )
    return element("rect", place) + "".join(names)


def _node(node: Node, link: str) -> str:
    left, top = node.x - node.width / 2, node.y - node.height / 2
    rect = element("rect", {"x": left, "y": top, "width": node.width, "height": node.height,
                            "rx": 5})  # fmt: skip
    lines = [
        words(line, left + PAD, top + PAD + LINE * (at + 0.8)) for at, line in enumerate(node.label)
    ]
    lines.append(words(node.id, left + PAD, top + node.height - PAD - 1, class_="node-id"))
    kind = "score" if node.module == "measured" else "equation"
    return element(
        "a",
        {
            "href": link.format(id=node.id, kind=kind),
            "class": f"node in-{node.module}",
            "data-node": node.id,
            "data-kind": kind,
            "aria-label": f"{node.words} ({node.id})",
        },
        rect,
        *lines,
    )


def _arrows(graph: Graph, places: Layout) -> Sequence[str]:
    at = {node.id: node for node in places.nodes}
    return [
        element(
            "path",
            {
                "class": f"arrow {arrow.sign}{' asleep' if arrow.asleep else ''}",
                "d": _path(at[arrow.source], at[arrow.target]),
                "marker-end": f"url(#head-{arrow.sign})",
                "data-from": arrow.source,
                "data-to": arrow.target,
            },
        )
        for arrow in graph.arrows
    ]


def _path(source: Node, target: Node) -> str:
    """Return a curve between the sides of two nodes that face each other."""
    apart = target.x - source.x
    if abs(apart) < (source.width + target.width) / 2 - 1:
        return _arc(source, target)
    way = 1.0 if apart > 0 else -1.0
    x1, x2 = source.x + way * source.width / 2, target.x - way * target.width / 2
    bend = way * min(max(abs(x2 - x1) / 2, LEAST_BEND / 2), MOST_BEND)
    return f"M{x1:.0f},{source.y:.0f}C{x1 + bend:.0f},{source.y:.0f} {x2 - bend:.0f}," \
           f"{target.y:.0f} {x2:.0f},{target.y:.0f}"  # fmt: skip


def _arc(source: Node, target: Node) -> str:
    """Return an arc on the right side of nodes that stand above each other."""
    x1, x2 = source.x + source.width / 2, target.x + target.width / 2
    down = 1 if target.y > source.y else -1
    y1, y2 = source.y + 6 * down, target.y - 6 * down
    bend = min(LEAST_BEND + abs(y2 - y1) / 6, MOST_BEND / 2)
    return f"M{x1:.0f},{y1:.0f}C{x1 + bend:.0f},{y1:.0f} {x2 + bend:.0f},{y2:.0f}" \
           f" {x2:.0f},{y2:.0f}"  # fmt: skip


def sentences(graph: Graph, name: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return what acts on a node and what it acts on, as sentences."""
    said = []
    for sign, passive in PASSIVE.items():
        found = [one for one in graph.arrows if one.target == name and one.sign == sign]
        if found:
            said.append(f"{passive} {_list([_said(one, one.source, labels) for one in found])}")
    for sign, verb in SIGN_WORDS.items():
        found = [one for one in graph.arrows if one.source == name and one.sign == sign]
        if found:
            said.append(f"{verb} {_list([_said(one, one.target, labels) for one in found])}")
    return tuple(said)


PASSIVE: Mapping[Sign, str] = {
    "raises": "raised by",
    "lowers": "lowered by",
    "either": "raised or lowered, by the state, by",
    "flows": "comes from",
    "enters": "computed from",
}


def _said(arrow: Arrow, other: str, labels: Mapping[str, str]) -> str:
    words_ = labels.get(other, other)
    if not arrow.asleep:
        return words_
    first, *others = arrow.structures
    more = f" and {len(others)} more" if others else ""
    return f"{words_} (only under {first}{more})"


def _list(items: Sequence[str]) -> str:
    return ", ".join(items)
