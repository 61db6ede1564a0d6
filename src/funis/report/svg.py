"""SVG as text: elements with escaped attributes, paths with short numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from funis.report.scales import Array

Attribute = str | float | int


def element(tag: str, attributes: Mapping[str, Attribute], *children: str) -> str:
    """Return one element; children are markup already."""
    written = "".join(f" {name}={quoteattr(_short(value))}" for name, value in attributes.items())
    inside = "".join(children)
    return f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>"


def words(text: str, x: float, y: float, **attributes: Attribute) -> str:
    """Return a text element, its content escaped; `class_` and `text_anchor` as keywords."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return element("text", {"x": x, "y": y, **named}, escape(text))


def picture(
    identifier: str,
    size: tuple[float, float],
    title: str,
    description: str,
    *children: str,
    data: Mapping[str, object] | None = None,
    kind: str = "chart",
) -> str:
    """Return a whole picture with its title and description, scaled to its container."""
    attributes: dict[str, Attribute] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {_short(size[0])} {_short(size[1])}",
        "class": kind,
        "role": "img",
        "aria-labelledby": f"{identifier}-t {identifier}-d",
    }
    if data is not None:
        attributes["data-panel"] = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    head = (
        element("title", {"id": f"{identifier}-t"}, escape(title)),
        element("desc", {"id": f"{identifier}-d"}, escape(description)),
    )
    return element("svg", attributes, *head, *children)


def polyline(x: Array, y: Array) -> str:
    """Return path data through finite points."""
    points = [f"{_short(a)},{_short(b)}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return "M" + "L".join(points) if points else ""


def _short(value: Attribute) -> str:
    if isinstance(value, str):
        return value
    text = f"{float(value):.1f}"
    return text[:-2] if text.endswith(".0") else text
