"""The equations of a disease as they are written, each with what stands in it and where it does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from funis.models import Model
from funis.models.compose import Line
from funis.pipeline.model_view.mathml import equation_markup, formula_tree

Kind = Literal["state", "cells", "fast", "rule", "constant", "gain", "function"]

KIND_WORDS: Mapping[Kind, str] = {
    "state": "state, by its rate of change",
    "cells": "cells, by what flows in and out",
    "fast": "fast signal, at equilibrium at once",
    "rule": "follows at once from states",
    "constant": "constant of a patient",
    "gain": "share of a dose that arrives",
    "function": "function that equations use",
}

_NAME = re.compile(r"[A-Za-z_]\w*")
_RATE = re.compile(r"^(\w+)'\s*=\s*(.+?);")
_RULE = re.compile(r"^(\w+)\s*:=\s*(.+?);")
_START = re.compile(r"^(\w+)\s*=\s*(.+?);")
_SPECIES = re.compile(r"^substanceOnly species (\w+) in body;")
_FLOW = re.compile(r"^(\w+):\s*(\w*)\s*->\s*(\w*)\s*;\s*(.+?);")
_FUNCTION = re.compile(r"^function (\w+)\(([^)]*)\)\s+(.+?)\s+end$", re.MULTILINE)
_HEADING = re.compile(r"^-{4}\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation.

    Attributes
    ----------
    id : what it defines.
    text : right-hand side as the model file writes it; flows of cells are summed up.
    start : value or formula before treatment; of states alone.
    uses : names of other equations on its right-hand side, in order.
    parameters : parameters on its right-hand side, in order; last the rate of a fast signal, which
        only the full form of the model has.
    used_by : equations that it stands in.
    section : heading of the model file that it stands under.
    file, line : where it is written, the file from the library on.
    """

    id: str
    kind: Kind
    description: str
    unit: str
    text: str
    start: str | None
    uses: tuple[str, ...]
    parameters: tuple[str, ...]
    used_by: tuple[str, ...]
    section: str
    file: str
    line: int | None

    @property
    def left(self) -> str:
        """The left-hand side as text."""
        return f"d({self.id})/dt" if self.kind in ("state", "cells") else self.id

    @property
    def markup(self) -> str:
        """The equation as MathML."""
        return equation_markup(self.id, self.text, rate=self.kind in ("state", "cells"))


@dataclass(frozen=True, slots=True)
class Flow:
    """Cells that leave one state and arrive in another; an empty end is outside of the model."""

    source: str
    target: str
    rate: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What a line defines, and where."""

    id: str
    text: str
    line: Line
    section: str


def flows(model: Model) -> tuple[Flow, ...]:
    """Return the reactions of a model in the order of its text."""
    matches = (_FLOW.match(line.text) for line in model.text.lines)
    return tuple(Flow(found[2], found[3], found[4]) for found in matches if found)


def equations(model: Model) -> tuple[Equation, ...]:
    """Return every equation of a model in the order of its text."""
    starts = _named(model.text.lines, _START)
    found = [*_states(model), *_named(model.text.lines, _RULE).values()]
    place = {line: number for number, line in enumerate(model.text.lines)}
    found.sort(key=lambda one: place[one.line])
    ids = {one.id for one in found}
    parameters = {one.id for one in model.parameters}
    names = {one.id: names_in(one.text) for one in found}
    return tuple(
        Equation(
            one.id, _kind(model, one.id), model.in_words(_description(model, one)),
            model.text.units.get(one.id, _unit(model, one.id)), one.text,
            starts[one.id].text if one.id in starts else None,
            tuple(name for name in names[one.id] if name in ids and name != one.id),
            (
                *(name for name in names[one.id] if name in parameters),
                *(rate for rate in [model.text.fast.get(one.id)] if rate in parameters),
            ),
            tuple(other for other in names if one.id in names[other] and other != one.id),
            model.in_words(one.section), short_path(one.line.file), one.line.number,
        )
        for one in found
    )  # fmt: skip


def plain_formulas(model: Model) -> dict[str, dict[str, str]]:
    """Return formula, start and unit of everything that a text defines, as written and unread.

    Reactions stand under their own names. Nothing is parsed, so any text can be compared.
    """
    lines = model.text.lines
    result: dict[str, dict[str, str]] = {
        one.id: {"formula": one.text}
        for pattern in (_RATE, _RULE) for one in _named(lines, pattern).values()
    }  # fmt: skip
    result |= {name: {"formula": "cells, by what flows"} for name in model.text.cells}
    for line in lines:
        if found := _FLOW.match(line.text):
            result[found[1]] = {"formula": f"{found[2]} -> {found[3]}; {found[4]}".strip()}
    for one in _named(lines, _START).values():
        result.setdefault(one.id, {})["start"] = one.text
    for name, unit in model.text.units.items():
        result.setdefault(name, {})["unit"] = unit
    return result


def functions(model: Model) -> tuple[Equation, ...]:
    """Return the functions that equations of a model use, such as ``h1(x, K)``."""
    used = {name for line in model.text.lines for name in _NAME.findall(line.text)}
    return tuple(
        Equation(
            f"{name}({', '.join(_NAME.findall(arguments))})", "function", "", "", text, None, (),
            (), (), "functions", "core/functions.ant", None,
        )
        for name, arguments, text in _FUNCTION.findall(model.functions) if name in used
    )  # fmt: skip


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a formula in order, each once; functions that it calls are none."""
    tree = formula_tree(text)
    called = {one.func for one in ast.walk(tree) if isinstance(one, ast.Call)}
    found = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and one not in called}
    return tuple(dict.fromkeys(name for name in _NAME.findall(text) if name in found))


def pieces(text: str, known: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """Return a formula cut at its names: pieces of text, each with the name that it is, if any."""
    wanted, result, at = {*known}, [], 0
    for found in _NAME.finditer(text):
        if found[0] in wanted:
            result += [(text[at : found.start()], None), (found[0], found[0])]
            at = found.end()
    result.append((text[at:], None))
    return tuple((part, name) for part, name in result if part)


def short_path(file: str) -> str:
    """Return where a file lies in its library, such as ``diseases/ra/model.ant``."""
    parts = Path(file).parts
    for root in ("diseases", "core"):
        if root in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(root) :])
    return "/".join(parts[-2:])


def sections(lines: Sequence[Line]) -> dict[Line, str]:
    """Return the heading that each line stands under, up to its first colon or semicolon."""
    headings: dict[str, str] = {}
    result = {}
    for line in lines:
        if not line.text and (found := _HEADING.match(line.comment)):
            headings[line.file] = re.split(r"[:;]", found[1])[0].strip()
        result[line] = headings.get(line.file, "")
    return result


def _states(model: Model) -> list[_Found]:
    """Return rates of states; those of cells are the sum of what flows."""
    rates = list(_named(model.text.lines, _RATE).values())
    species = _named(model.text.lines, _SPECIES).values()
    given = {target for one in model.text.inputs for target in one.targets}
    every = flows(model)
    summed = [_Found(one.id, _balance(one.id, every), one.line, one.section) for one in species]
    return [
        _Found(one.id, f"{one.text} + inflow_{one.id}", one.line, one.section)
        if one.id in given else one
        for one in (*summed, *rates)
    ]  # fmt: skip


def _balance(species: str, every: Sequence[Flow]) -> str:
    gains = [_term(one.rate) for one in every if one.target == species]
    losses = [_term(one.rate) for one in every if one.source == species]
    return " ".join([" + ".join(gains), *(f"- {one}" for one in losses)]).strip() or "0"


def _term(rate: str) -> str:
    tree = formula_tree(rate)
    several = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)
    return f"({rate})" if several else rate


def _named(lines: Sequence[Line], pattern: re.Pattern[str]) -> dict[str, _Found]:
    """Return what lines of one kind define, by name."""
    under = sections(lines)
    found = {}
    for line in lines:
        match = pattern.match(line.text)
        if match:
            text = match[2] if pattern.groups > 1 else ""
            found[match[1]] = _Found(match[1], text, line, under[line])
    return found


def _description(model: Model, found: _Found) -> str:
    if not found.id.startswith("gain_"):
        return model.text.descriptions.get(found.id, "")
    for given in model.text.inputs:
        for target in given.targets:
            if found.id == f"gain_{given.id}_{target}":
                return f"{given.description}: what arrives in {target} of one unit given"
    return ""


def _kind(model: Model, name: str) -> Kind:
    if name in model.text.cells:
        return "cells"
    if name in model.text.fast:
        return "fast"
    if name in model.text.folds:
        return "state"
    if name.startswith("gain_"):
        return "gain"
    return "constant" if name in model.form.constant_names else "rule"


def _unit(model: Model, name: str) -> str:
    return "megacell" if name in model.text.cells else "dimensionless"
