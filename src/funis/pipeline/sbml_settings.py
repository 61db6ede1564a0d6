"""The settings file of a time course, in the form of the SBML Test Suite: `key: value` lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, nearest
from funis.models.sbml import SbmlModel

MOST_STEPS = 1_000_000

MOST_NAMED = 12
"""Ids of a model that a message lists."""

EXPECTED: Mapping[str, str] = {
    "start": "a time of 0 or later",
    "duration": "a time of more than 0",
    "steps": f"a whole number from 1 to {MOST_STEPS}",
    "variables": "ids of the model, parted by commas",
    "absolute": "a tolerance of 0 or more",
    "relative": "a tolerance of 0 or more",
    "amount": "ids of species, parted by commas, or nothing",
    "concentration": "ids of species, parted by commas, or nothing",
}
"""Keys, and what their values are."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is simulated and shown.

    Attributes
    ----------
    start, duration : time of the first output, and from it to the last.
    steps : outputs after the first.
    variables : ids, in the order of the columns.
    absolute, relative : what a result may be wrong by.
    amounts, concentrations : species that are shown as such; others as in the model's formulas.
    lines : line of each key.
    """

    file: str
    start: Fraction
    duration: Fraction
    steps: int
    variables: tuple[str, ...]
    absolute: float
    relative: float
    amounts: tuple[str, ...]
    concentrations: tuple[str, ...]
    lines: Mapping[str, int]

    @property
    def times(self) -> NDArray[np.float64]:
        """Times of output, each the number next to the exact one."""
        parts = range(self.steps + 1)
        return np.array([float(self.start + self.duration * k / self.steps) for k in parts])


def read_settings(path: Path) -> Settings:
    """Read a settings file.

    Raises
    ------
    InputError
        Keys that are missing, unknown or given twice, and values that cannot be used, a line each.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(Issue(str(path), None, None, "no such file", "a settings file")) from None
    except (OSError, UnicodeDecodeError):
        message = "cannot be read"
        raise InputError(Issue(str(path), None, None, message, "a settings file")) from None
    words, lines, issues = _entries(path, text)
    issues += [
        Issue(str(path), None, key, "is missing", f"{key}: {expected}")
        for key, expected in EXPECTED.items()
        if key not in words
    ]
    values = {}
    for key, word in words.items():
        values[key] = _value(key, word)
        if values[key] is None:
            message = f"'{word}' cannot be used" if word else "is empty"
            issues.append(Issue(str(path), lines[key], key, message, EXPECTED[key]))
    if issues:
        raise InputError(issues)
    names = {"amount": "amounts", "concentration": "concentrations"}
    fields = {names.get(key, key): value for key, value in values.items()}
    return Settings(file=str(path), lines=lines, **fields)  # type: ignore[arg-type]


def _entries(path: Path, text: str) -> tuple[dict[str, str], dict[str, int], list[Issue]]:
    words: dict[str, str] = {}
    lines: dict[str, int] = {}
    issues = []
    for number, line in enumerate(text.splitlines(), 1):
        key, colon, word = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not colon:
            issues.append(Issue(str(path), number, None, f"'{key}' is no setting", "key: value"))
        elif key not in EXPECTED:
            expected = f"one of {', '.join(EXPECTED)}"
            near = nearest(key, list(EXPECTED))
            issues.append(Issue(str(path), number, key, "unknown key", expected, near))
        elif key in words:
            message = f"is given twice, first in line {lines[key]}"
            issues.append(Issue(str(path), number, key, message, "each key once"))
        else:
            words[key], lines[key] = word, number
    return words, lines, issues


def _value(key: str, word: str) -> object:
    """Return the value of a key, None where it cannot be used."""
    if key in ("variables", "amount", "concentration"):
        names = tuple(name.strip() for name in word.split(",") if name.strip())
        return names if names or key != "variables" else None
    number = _number(word)
    if number is None or number < 0 or (key in ("duration", "steps") and number == 0):
        return None
    if key == "steps":
        whole = number.denominator == 1 and number <= MOST_STEPS
        return int(number) if whole else None
    return number if key in ("start", "duration") else float(number)


def _number(word: str) -> Fraction | None:
    try:
        found = Decimal(word)
    except InvalidOperation:
        return None
    return Fraction(found) if found.is_finite() and math.isfinite(float(found)) else None


def output_nodes(settings: Settings, model: SbmlModel) -> dict[str, int]:
    """Return the nodes of a model that the settings ask for, by variable.

    Raises
    ------
    InputError
        Variables that the model does not have or that are asked for twice, a line each.
    """
    issues = []
    for key, names in (
        ("variables", settings.variables),
        ("amount", settings.amounts),
        ("concentration", settings.concentrations),
    ):
        line = settings.lines.get(key)
        for name in dict.fromkeys(names):
            if name not in model.quantities:
                near = nearest(name, model.quantities)
                message = f"unknown variable '{name}'"
                expected = _ids(model)
                issues.append(Issue(settings.file, line, key, message, expected, near))
            elif names.count(name) > 1 and key == "variables":
                message = f"'{name}' is given twice"
                issues.append(Issue(settings.file, line, key, message, "each variable once"))
    line = settings.lines.get("concentration")
    for name in settings.concentrations:
        if name in settings.amounts:
            message = f"'{name}' is also an amount"
            issues.append(Issue(settings.file, line, "concentration", message, "one of both"))
    if issues:
        raise InputError(issues)
    return {name: _node(settings, model, name) for name in settings.variables}


def _ids(model: SbmlModel) -> str:
    few = len(model.quantities) <= MOST_NAMED
    return f"one of {', '.join(model.quantities)}" if few else f"an id of {model.file}"


def _node(settings: Settings, model: SbmlModel, name: str) -> int:
    item = model.quantities[name]
    if name in settings.amounts and item.amount is not None:
        return item.amount
    if name in settings.concentrations and item.concentration is not None:
        return item.concentration
    return item.value
