"""``funis boundaries``: the bounds of a group-sequential trial, and what they do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy.special import ndtr, ndtri

from funis.analysis.sequential import (
    Boundaries,
    Characteristics,
    Side,
    boundaries,
    characteristics,
    drift_of_power,
    ending,
)
from funis.checks import InputError, Issue, IssueList, nearest
from funis.pipeline.inputs import find_trial, require
from funis.pipeline.tables import Table
from funis.protocol import Futility, Interim, Spending, load_protocol
from funis.protocol.interim import FutilityRule, check_design
from funis.protocol.lines import Lines
from funis.report import RESEARCH_USE


@dataclass(frozen=True, eq=False)
class BoundsTable:
    """Bounds of a trial, and what they do without and with the planned effect.

    ``fixed_ratio`` is the largest size over that of a trial with one analysis, of equal error and
    power.
    """

    trial: str | None
    interim: Interim
    bounds: Boundaries
    power: float
    fixed_ratio: float
    none: Characteristics
    half: Characteristics
    planned: Characteristics

    @property
    def alpha_spent(self) -> list[float]:
        """Type I error up to each look; futility counts only where it binds."""
        found = ending(self.bounds, 0.0, self.bounds.binding or self.bounds.direction == "either")
        return [float(x) for x in np.cumsum(found.above)]

    def document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        bounds = self.bounds
        return {
            "research_use": RESEARCH_USE,
            "trial": self.trial,
            "looks": bounds.information.tolist(),
            "alpha": bounds.alpha,
            "direction": bounds.direction,
            "spending": self.interim.spending,
            "parameter": self.interim.parameter,
            "futility": None if self.interim.futility is None else self.interim.futility.rule,
            "binding": bounds.binding,
            "power": self.power,
            "drift": self.planned.drift,
            "largest_size": self.fixed_ratio,
            "expected_size": {
                name: self.fixed_ratio * found.expected_information
                for name, found in self._effects().items()
            },
            "rows": [self._row(index) for index in range(len(bounds.information))],
        }

    def _effects(self) -> dict[str, Characteristics]:
        return {"no_effect": self.none, "half_effect": self.half, "planned_effect": self.planned}

    def _row(self, index: int) -> dict[str, Any]:
        efficacy = float(self.bounds.efficacy_z[index])
        futility = float(self.bounds.futility_z[index])
        return {
            "share": float(self.bounds.information[index]),
            "efficacy_z": efficacy if math.isfinite(efficacy) else None,
            "nominal_p": self._nominal(efficacy),
            "alpha_spent": self.alpha_spent[index],
            "futility_z": futility if math.isfinite(futility) else None,
            **{
                name: {
                    "success": float(found.success[index]),
                    "no_success": float(found.futility[index]),
                }
                for name, found in self._effects().items()
            },
        }

    def _nominal(self, z: float) -> float:
        """P value at a bound of success: one-sided, or of both sides where the test is."""
        sides = 2.0 if self.bounds.direction == "either" else 1.0
        return sides * float(ndtr(-self.bounds.sign * z))

    def tables(self) -> list[Table]:
        """Return bounds, and what they do, as tables of text."""
        document = self.document()
        sides = {"either": "two-sided", "greater": "one-sided", "less": "one-sided, less is good"}
        title = f"Bounds: {self.interim.spending}, alpha {self.bounds.alpha:g}"
        title += f" {sides[self.bounds.direction]}"
        bounds = tuple(
            (
                f"{row['share']:.4g}",
                _z(row["efficacy_z"]),
                f"{row['nominal_p']:.6f}",
                f"{row['alpha_spent']:.6f}",
                _z(row["futility_z"]),
            )
            for row in document["rows"]
        )
        columns = ("share of information", "success beyond z", "nominal p", "alpha spent")
        ends = self._ends(document)
        return [Table(title, (*columns, "futility below z"), bounds), ends, self._sizes(document)]

    def _ends(self, document: dict[str, Any]) -> Table:
        effects = tuple(self._effects())
        columns = [f"{name.replace('_', ' ')}: {end}" for name in effects for end in ("+", "-")]
        rows = tuple(
            (
                f"{row['share']:.4g}",
                *(f"{row[name][end]:.4f}" for name in effects for end in ("success", "no_success")),
            )
            for row in document["rows"]
        )
        title = "Probability of ending at each look with (+) and without (-) success"
        return Table(title, ("share of information", *columns), rows)

    def _sizes(self, document: dict[str, Any]) -> Table:
        title = f"Size, as a multiple of a trial with one analysis and power {self.power:g}"
        sizes = document["expected_size"]
        named = {"largest": document["largest_size"]}
        named |= {f"expected, {name.replace('_', ' ')}": size for name, size in sizes.items()}
        rows = tuple((name, f"{size:.4f}") for name, size in named.items())
        return Table(title, ("", "multiple"), rows)


def bounds_of_trial(name_or_path: str, power: float) -> BoundsTable:
    """Bounds of a trial file with a block ``interim``.

    The success rule asks for the whole interval at 1 - alpha, which is a one-sided error of
    alpha / 2.

    Raises
    ------
    InputError
        The file is wrong, or has no such block.
    """
    path = find_trial(name_or_path)
    protocol = load_protocol(path)
    if protocol.interim is None or protocol.success is None:
        message, expected = "no interim looks", "the key 'interim', e.g. interim: {looks: [0.5, 1]}"
        raise InputError(Issue(str(path), None, "interim", message, expected))
    success = protocol.success
    return bounds_table(
        protocol.interim, success.alpha / 2, success.direction, power, str(name_or_path)
    )


def bounds_table(
    interim: Interim, alpha: float, direction: Side, power: float, trial: str | None = None
) -> BoundsTable:
    """Bounds of a design, and what they do.

    Parameters
    ----------
    interim
        Looks, spending, futility.
    alpha
        One-sided error, or that of both sides where ``direction`` is ``either``.
    direction
        Which values are good.
    power
        Power that the planned effect has.
    trial
        How the user called the trial.

    Raises
    ------
    InputError
        What is out of range, one line each.
    """
    most = 1.0 if direction == "either" else 0.5
    require(alpha=(0 < alpha < most, alpha, f"a value above 0 and below {most:g}"))
    require(power=(alpha < power < 1, power, "a value above alpha and below 1"))
    if direction == "either" and interim.futility is not None:
        message = "futility in a two-sided test"
        raise InputError(Issue(None, None, "side", message, "greater or less"))
    bounds = boundaries(interim, alpha, direction)
    drift = drift_of_power(bounds, power)
    tail = alpha / 2 if direction == "either" else alpha
    fixed = float(ndtri(1 - tail) + ndtri(power))
    at_zero, at_half, at_full = (characteristics(bounds, share * drift) for share in (0, 0.5, 1))
    ratio = (drift / fixed) ** 2
    return BoundsTable(trial, interim, bounds, power, ratio, at_zero, at_half, at_full)


def interim_of(
    looks: str, spending: str, parameter: float | None, futility: str | None, binding: bool
) -> Interim:
    """Interim looks from the words of a command.

    Parameters
    ----------
    looks
        Shares such as ``0.5,1``.
    spending, parameter
        Shape of the bounds.
    futility
        ``RULE:VALUE``, such as ``beta_spending:0.1``, ``conditional_power:0.2`` or ``z:0,0.5``.
    binding
        Whether bounds of success count on the end at futility.

    Raises
    ------
    InputError
        What is wrong, with what was expected and the nearest name.
    """
    chosen = _one_of("spending", spending, get_args(Spending))
    interim = Interim(
        looks=numbers("looks", looks),
        spending=chosen,
        parameter=parameter,
        futility=None if futility is None else _futility(futility, binding),
    )
    IssueList(check_design(interim, Lines(), ())).raise_errors()
    return interim


def side_of(word: str) -> Side:
    """Direction of a test by its name.

    Raises
    ------
    InputError
        There is no such direction.
    """
    found: Side = _one_of("side", word, get_args(Side))
    return found


def numbers(key: str, text: str) -> tuple[float, ...]:
    """Return the numbers of a list such as 0.5,1.

    Raises
    ------
    InputError
        What is no finite number.
    """
    found = []
    for word in text.split(","):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            expected = "numbers with commas between them, e.g. 0.5,1"
            raise InputError(Issue(None, None, key, f"'{word.strip()}' is no number", expected))
        found.append(value)
    return tuple(found)


def _futility(text: str, binding: bool) -> Futility:
    word, _, values = text.partition(":")
    rule: FutilityRule = _one_of("futility", word, get_args(FutilityRule))
    found = numbers("futility", values)
    if rule == "z":
        return Futility(rule, bounds=found, binding=binding)
    value = found[0]
    if not 0 < value < 1:
        message = f"{value:g} is out of range"
        raise InputError(Issue(None, None, "futility", message, "a value above 0 and below 1"))
    if rule == "beta_spending":
        return Futility(rule, beta=value, binding=binding)
    return Futility(rule, below=value, binding=binding)


def _one_of(key: str, word: str, names: Sequence[str]) -> Any:
    if word in names:
        return word
    expected = "one of " + ", ".join(names)
    message = f"unknown {key} '{word}'"
    raise InputError(Issue(None, None, key, message, expected, nearest(word, names)))


def _z(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
