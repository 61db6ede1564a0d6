"""Where each node of a diagram stands: modules as layers, groups inside, order by neighbours.

The layers are always in the same order. Inside a group a node stands near the mean height of what
it is joined to (barycentre sweeps, Sugiyama, Tagawa and Toda 1981, 10.1109/TSMC.1981.4308636),
so the same model gives the same picture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from funis.models import Model, library_folder
from funis.pipeline.model_view.arrows import Graph, drug_states
from funis.pipeline.model_view.equations import Equation

Module = Literal["cells", "signals", "drugs", "immune", "cytokines", "tissue", "measured"]

MODULES: Mapping[Module, str] = {
    "cells": "Infused cells, by organ",
    "signals": "What cells and signals add up to",
    "drugs": "Drugs",
    "immune": "Immune cells",
    "cytokines": "Cytokines and growth factors",
    "tissue": "Tissue, repair and this disease",
    "measured": "What is measured",
}
LAYERS: tuple[tuple[Module, ...], ...] = (
    ("cells",), ("signals",), ("immune",), ("cytokines", "drugs"), ("tissue",), ("measured",),
)  # fmt: skip

WHOLE_BODY = "whole body"
BLOOD_WITH = "lu"
"""Compartment of the core that cells in blood are counted with (``live_lu``)."""

WIDTH, NARROW, GAP = 162.0, 118.0, 66.0
LINE, PAD, BETWEEN, MARGIN = 14.0, 7.0, 8.0, 12.0
CHARACTERS, NARROW_CHARACTERS = 22, 15
TITLE = 19
SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A node and its place.

    Attributes
    ----------
    label : name in lines of the picture.
    words : its whole name.
    x, y : middle. width, height : of its box.
    """

    id: str
    module: Module
    group: str
    words: str
    label: tuple[str, ...]
    x: float = 0.0
    y: float = 0.0
    width: float = WIDTH
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """The frame of a module, or the heading of a group inside (``level`` 2)."""

    title: str
    level: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Nodes in the order in which a reader meets them, frames, and the size of the whole."""

    nodes: tuple[Node, ...]
    boxes: tuple[Box, ...]
    width: float
    height: float


def layout(model: Model, graph: Graph, written: Sequence[Equation]) -> Layout:
    """Return the places of all nodes of a model's diagram."""
    nodes = _nodes(model, graph, written)
    neighbours = _neighbours(graph)
    columns = [
        [node for module in layer for node in nodes if node.module == module] for layer in LAYERS
    ]
    placed = [_placed(column, index) for index, column in enumerate(columns)]
    for _ in range(SWEEPS):
        heights = {node.id: node.y for column, _ in placed for node in column}
        columns = [_swept(column, heights, neighbours) for column in columns]
        placed = [_placed(column, index) for index, column in enumerate(columns)]
    tall = max(box.y + box.height for _, boxes in placed for box in boxes)
    found = [_centred(column, boxes, tall) for column, boxes in placed]
    width = _left(len(LAYERS)) - GAP
    return Layout(
        tuple(node for column, _ in found for node in column),
        tuple(sorted((box for _, boxes in found for box in boxes), key=lambda box: box.level)),
        width + 2 * MARGIN, tall + MARGIN,
    )  # fmt: skip


def _nodes(model: Model, graph: Graph, written: Sequence[Equation]) -> list[Node]:
    """Return every node without a place."""
    of = {one.id: one for one in written}
    core = _core_sections()
    drugs = {
        target: given.description
        for given in model.inputs if given.kind == "drug" for target in given.targets
    }  # fmt: skip
    nodes = []
    for name in graph.states:
        module, group = _home(model, name, of[name], core)
        words = drugs.get(name, of[name].description) or name
        nodes.append(_node(name, module, group, words))
    for name in graph.signals:
        nodes.append(_node(name, "signals", "", of[name].description or name))
    return [*_by_stage(nodes), *_measured(model, graph)]


def _node(name: str, module: Module, group: str, words: str) -> Node:
    narrow = module == "cells"
    shown = re.sub(r"(,| in| and cells) .*$", "", words) if narrow else words
    label = wrapped(shown, NARROW_CHARACTERS if narrow else CHARACTERS)
    height = 2 * PAD + LINE * (len(label) + 1) - 2
    return Node(name, module, group, words, label, 0, 0, NARROW if narrow else WIDTH, height)


def _measured(model: Model, graph: Graph) -> list[Node]:
    points = model.endpoints
    groups = {one.id: "scores" for one in points.scores}
    groups |= {one.id: "not reversible" for one in points.structural}
    return [
        _node(name, "measured", groups.get(name, "in no score"), points.number(name).name)
        for name in graph.scores
    ]


def _by_stage(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes with organs together, in the order in which organs are first named."""
    order = list(dict.fromkeys(node.group for node in nodes if node.module == "cells"))
    order.sort(key=lambda group: group == WHOLE_BODY)
    return sorted(nodes, key=lambda node: order.index(node.group) if node.module == "cells" else 0)


def _home(
    model: Model, name: str, written: Equation, core: Mapping[str, tuple[str, str]]
) -> tuple[Module, str]:
    """Return the module and the group of a state."""
    file, section = core.get(name, (written.file, written.section))
    if name in model.text.fast or name in model.text.words("cytokines"):
        return "cytokines", ""
    if name in drug_states(model):
        return "drugs", ""
    if file == "core/cells.ant":
        return "cells", _organ(model, name)
    if file == "core/immune.ant" and "damage" not in section:
        return "immune", section
    return "tissue", model.in_words(section)


def _organ(model: Model, name: str) -> str:
    """Return the compartment that a state of cells names at its end."""
    end = name.rpartition("_")[2]
    words = compartments(model).get(BLOOD_WITH if end == "bl" else end, WHOLE_BODY)
    return model.in_words(words)


def compartments(model: Model) -> dict[str, str]:
    """Return the compartments of cells as the core declares them: ``lu`` -> lung and blood."""
    found = (re.match(r".*Compartments: (.*)", line.comment) for line in model.text.lines)
    said = next((one[1] for one in found if one), "")
    return dict(re.findall(r"(\w+) = ([^,.]+)", said))


def _core_sections() -> dict[str, tuple[str, str]]:
    """Return the core file and the heading under which each state of the core is defined."""
    result = {}
    for name in ("cells", "drugs", "immune"):
        section = ""
        path = library_folder() / "core" / f"{name}.ant"
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("// ----"):
                section = line.removeprefix("// ----").strip()
            elif found := re.match(r"(?:substanceOnly species )?(\w+)(?:' *=| in body)", line):
                result[found[1]] = (f"core/{name}.ant", section)
    return result


def _neighbours(graph: Graph) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for arrow in graph.arrows:
        if not arrow.asleep:
            result.setdefault(arrow.source, []).append(arrow.target)
            result.setdefault(arrow.target, []).append(arrow.source)
    return result


def _swept(
    column: Sequence[Node], heights: Mapping[str, float], neighbours: Mapping[str, Sequence[str]]
) -> list[Node]:
    """Return a column with the nodes of each group nearer to what they are joined to."""

    def middle(node: Node) -> float:
        near = [heights[name] for name in neighbours.get(node.id, ()) if name in heights]
        return sum(near) / len(near) if near else heights[node.id]

    groups = list(dict.fromkeys((node.module, node.group) for node in column))
    result: list[Node] = []
    for group in groups:
        inside = [node for node in column if (node.module, node.group) == group]
        result += inside if group[0] == "cells" else sorted(inside, key=middle)
    return result


def _left(index: int) -> float:
    """Return the left edge of a layer; the first holds two narrow columns."""
    first = 2 * NARROW + 3 * BETWEEN
    return MARGIN + (first + GAP + (index - 1) * (WIDTH + 2 * BETWEEN + GAP) if index else 0.0)


def _placed(column: Sequence[Node], index: int) -> tuple[list[Node], list[Box]]:
    """Return a layer with its nodes from the top down, and its frames."""
    across, wide = (2, NARROW) if index == 0 else (1, WIDTH)
    left, y = _left(index), 0.0
    width = across * wide + (across + 1) * BETWEEN
    nodes, boxes = [], []
    for module in dict.fromkeys(node.module for node in column):
        top = y
        y += 8 + 16 * len(wrapped(MODULES[module], TITLE if across == 1 else 2 * TITLE)) + 4
        for group in dict.fromkeys(node.group for node in column if node.module == module):
            inside = [n for n in column if n.module == module and n.group == group]
            if group:
                boxes.append(Box(group, 2, left + BETWEEN, y, width - 2 * BETWEEN, LINE + 4))
                y += LINE + 6
            for at in range(0, len(inside), across):
                row = inside[at : at + across]
                tall = max(node.height for node in row)
                for place, node in enumerate(row):
                    x = left + BETWEEN + wide / 2 + place * (wide + BETWEEN)
                    nodes.append(replace(node, x=x, y=y + tall / 2, height=tall))
                y += tall + BETWEEN
        boxes.append(Box(MODULES[module], 1, left, top, width, y - top))
        y += 2 * BETWEEN
    return nodes, boxes


def _centred(
    nodes: Sequence[Node], boxes: Sequence[Box], tall: float
) -> tuple[list[Node], list[Box]]:
    """Return a layer moved down so that layers share a middle."""
    bottom = max(box.y + box.height for box in boxes)
    down = (tall - bottom) / 2 + MARGIN / 2
    return (
        [replace(node, y=node.y + down) for node in nodes],
        [replace(box, y=box.y + down) for box in boxes],
    )


def wrapped(text: str, characters: int, most: int = 2) -> tuple[str, ...]:
    """Return words in lines; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= characters or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}…"]
    return tuple(line if len(line) <= characters + 1 else f"{line[: characters - 1]}…"
                 for line in lines)  # fmt: skip
