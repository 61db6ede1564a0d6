"""Pictures of a stored run, taken out of its page: drawings alone, nothing that could act."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from funis.checks import InputError, Issue
from funis.pipeline.runs.record import StoredRun
from funis.pipeline.runs.why import figures_of
from funis.report.codes import FigureMark

SPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = frozenset(
    (
        "svg", "title", "desc", "g", "path", "rect", "circle", "ellipse", "line", "polyline",
        "polygon", "text", "tspan",
    )
)  # fmt: skip
ATTRIBUTES = frozenset(
    (
        "id", "class", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx",
        "dy", "width", "height", "points", "transform", "viewBox", "role", "aria-labelledby",
        "text-anchor", "opacity", "fill-opacity", "stroke-width", "stroke-dasharray",
    )
)  # fmt: skip
_SVG = re.compile(r'<svg [^>]*aria-labelledby="([^" ]+)-t [^" ]+-d"[^>]*>.*?</svg>', re.DOTALL)
_COLOUR = re.compile(r'class="(?:tab )?(a\d)"')


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure of a run: its mark, the drawing as SVG, and the class of its arm's colour."""

    mark: FigureMark
    svg: str
    colour: str


def run_pictures(run: StoredRun) -> tuple[Picture, ...]:
    """Return the figures of a run that its page draws, in their order; none without a page."""
    if not run.report:
        return ()
    page = (run.folder / run.report).read_text(encoding="utf-8", errors="replace")
    marks = {mark.id: mark for mark in figures_of(run) if mark.kind == "figure"}
    found: Mapping[str, re.Match[str]] = {one[1]: one for one in _SVG.finditer(page)}
    return tuple(
        Picture(mark, _clean(found[name][0]), _colour(page, found[name].start()))
        for name, mark in marks.items()
        if name in found
    )


def run_picture(run: StoredRun, figure: str) -> Picture:
    """Return one figure of a run by its name.

    Raises
    ------
    InputError
        The run has no such figure.
    """
    known = {one.mark.id: one for one in run_pictures(run)}
    if figure not in known:
        message, expected = f"no figure '{figure[:80]}' in run {run.id}", "a figure that it lists"
        raise InputError(Issue(None, None, None, message, expected))
    return known[figure]


def _colour(page: str, place: int) -> str:
    """Return the class of the figure or tab that a drawing stands in."""
    before = _COLOUR.findall(page, max(0, place - 200_000), place)
    return str(before[-1]) if before else "a0"


def _clean(svg: str) -> str:
    """Return a drawing with the elements and attributes of drawings alone."""
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return ""
    _strip(root)
    ElementTree.register_namespace("", SPACE[1:-1])
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    for name in list(element.attrib):
        if name not in ATTRIBUTES:
            del element.attrib[name]
    for child in list(element):
        if child.tag.removeprefix(SPACE) in ELEMENTS:
            _strip(child)
        else:
            element.remove(child)
