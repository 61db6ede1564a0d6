"""YAML text that keeps its comments, its order and its way of writing numbers when it changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from io import StringIO
from math import isfinite
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from funis.checks import InputError, Issue

SMALL, LARGE = 1e-4, 1e5
"""Outside of these a number is written with an exponent: 7.5e+7 cells."""

AMOUNTS = ("dose_cell", "dose_cell_per_kg")
"""Keys whose numbers are cells: whole or not, they are written as 7.5e+7."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ,.()/%<>=+*-]*")
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


class _Representer(RoundTripRepresenter):
    """Numbers as the strict reader wants them."""


def _number(representer: _Representer, value: float) -> ScalarNode:
    return representer.represent_scalar("tag:yaml.org,2002:float", number_text(value))


_Representer.add_representer(float, _number)


def number_text(value: float) -> str:
    """Return a number as it stands in trial files: 12.0, 0.5, 7.5e+7."""
    if not isfinite(value):
        return ".inf" if value > 0 else "-.inf"
    if abs(value) >= LARGE or 0 < abs(value) < SMALL:
        mantissa, exponent = f"{value:.14e}".split("e")
        digits = mantissa.rstrip("0")
        return f"{digits}{'0' if digits.endswith('.') else ''}e{int(exponent):+d}"
    return f"{value:.1f}" if float(value).is_integer() else f"{value:.15g}"


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def tree(text: str) -> CommentedMap:
    """Return a text as a tree that remembers how it was written.

    The strict reader has to have passed the text: aliases and tags are its matter.
    """
    found = _yaml().load(text)
    return found if isinstance(found, CommentedMap) else CommentedMap()


def text_of(root: CommentedMap) -> str:
    """Return a tree as text."""
    out = StringIO()
    _yaml().dump(root, out)
    return out.getvalue()


def written(data: Mapping[str, Any]) -> str:
    """Return plain data as the text of a trial."""
    return text_of(node(data))


def node(value: Any, *, flow: bool = False) -> Any:
    """Return plain data as a part of a tree: lists of plain values in one line.

    Parameters
    ----------
    flow
        Whether mappings are written in one line too.

    Raises
    ------
    InputError
        A number that is not finite.
    """
    if isinstance(value, float) and not isfinite(value):
        raise InputError(Issue(None, None, None, f"{value} is no number", "a finite number"))
    if isinstance(value, Mapping):
        made = CommentedMap()
        for key, item in value.items():
            item = float(item) if key in AMOUNTS and type(item) is int else item
            made[str(key)] = node(item, flow=flow or key in ("schedule", "scenario"))
        if flow:
            made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        listed = CommentedSeq([node(item, flow=flow) for item in value])
        if flow or not any(isinstance(item, Mapping | list) for item in value):
            listed.fa.set_flow_style()
        return listed
    return _quoted(value) if isinstance(value, str) else value


def _quoted(value: str) -> str:
    safe = _PLAIN.fullmatch(value) and value.casefold() not in _WORDS and value == value.strip()
    return value if safe and _same(value) else DoubleQuotedScalarString(value)


@lru_cache(maxsize=512)
def _same(value: str) -> bool:
    """Whether the strict reader reads a plain scalar back as the text that it is."""
    from funis.checks.yaml_reader import read

    try:
        return bool(read(f"x: {value}\n", "")[0] == {"x": value})
    except InputError:
        return False
