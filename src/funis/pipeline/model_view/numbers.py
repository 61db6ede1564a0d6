"""Parameters of a disease: value, spread between patients, source, and where each one acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from funis.checks import InputError, Issue, nearest
from funis.models import Model, Parameter
from funis.models.model import OUTSIDE
from funis.pipeline.model_view.equations import Equation, short_path
from funis.pipeline.model_view.estimates import Estimate
from funis.population.marginals import marginal
from funis.protocol import Structure

STATUSES: Mapping[str, str] = {
    "measured": "a published measurement",
    "derived": "follows from published numbers or a definition",
    "calibrated": "fitted to published rows",
    "assumed": "no published value seen",
}
"""Statuses from the best founded to the least."""

UNIT_WORDS: Mapping[str, str] = {
    "dimensionless": "",
    "per_day": "1/day",
    "per_year": "1/year",
    "per_megacell": "1/million cells",
    "megacell": "million cells",
    "megacell_per_day": "million cells/day",
    "pg_per_mL": "pg/mL",
    "pg_per_day": "pg/day",
    "pg_per_megacell_per_day": "pg/million cells/day",
    "mL_per_day": "mL/day",
    "litre_per_day": "L/day",
    "mg_per_L": "mg/L",
    "mm_per_hour": "mm/h",
    "mL_per_min": "mL/min",
    "mL_per_year": "mL/year",
    "mg_per_dL": "mg/dL",
    "gram_per_day": "g/day",
    "microgram_per_gram": "µg/g",
    "nmol_per_L": "nmol/L",
    "unit_per_kg_per_day": "units/kg/day",
}
"""Units as they are read; any other is its own word."""

TAIL = 1.959964
"""Latent at 97.5 % of patients."""


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter and where it acts.

    Attributes
    ----------
    low, high : what 95 % of raw patients lie within; None where all are alike.
    spread : the distribution between patients in words; empty where all are alike.
    equations : equations that it stands in.
    rates : states whose rate of change depends on it, through any other equation.
    outside : it acts in what is measured, not in the equations.
    structures : structures that change it, each with the value that it takes.
    correlated : other parameters and the correlation of their latents.
    """

    id: str
    name: str
    value: float
    unit: str
    status: str
    source: str
    where: str | None
    note: str | None
    covariate: bool
    low: float | None
    high: float | None
    spread: str
    equations: tuple[str, ...]
    rates: tuple[str, ...]
    outside: bool
    structures: tuple[tuple[str, float], ...]
    correlated: tuple[tuple[str, float], ...]
    estimate: Estimate | None
    file: str
    line: int | None


def numbers(
    model: Model, written: Sequence[Equation], forms: Sequence[Structure],
    calibrated: Sequence[Estimate],
) -> tuple[Number, ...]:  # fmt: skip
    """Return every parameter of a model, in the order of its files."""
    uses: dict[str, list[str]] = {}
    for one in written:
        for name in one.parameters:
            uses.setdefault(name, []).append(one.id)
    rates = _rates(model)
    found = {one.parameter: one for one in calibrated}
    return tuple(
        _number(model, one, uses.get(one.id, ()), rates.get(one.id, ()), forms, found.get(one.id))
        for one in model.parameters
    )


def status_counts(found: Sequence[Number]) -> dict[str, int]:
    """Return how many parameters have each status, the best founded first."""
    counts = Counter(one.status for one in found)
    return {status: counts.get(status, 0) for status in STATUSES}


def chosen(
    found: Sequence[Number], *, status: str | None = None, words: str = ""
) -> tuple[Number, ...]:
    """Return the parameters of a status whose id, name, source or note hold some words."""
    wanted = words.casefold().split()
    return tuple(
        one for one in found
        if status in (None, "", one.status) and all(word in _text(one) for word in wanted)
    )  # fmt: skip


def known_status(status: str | None) -> str | None:
    """Return a status that parameters may have; None and empty are all.

    Raises
    ------
    InputError
        Any other word.
    """
    if not status or status in STATUSES:
        return status or None
    message, expected = f"unknown status '{status}'", "one of " + ", ".join(STATUSES)
    raise InputError(Issue(None, None, "status", message, expected, nearest(status, STATUSES)))


def unit_words(unit: str) -> str:
    """Return a unit as it is read."""
    return UNIT_WORDS.get(unit, unit.replace("_", " "))


def value_words(value: float) -> str:
    """Return a value with up to six digits, as a file would write it."""
    return f"{value:.6g}"


def _text(one: Number) -> str:
    parts = (one.id, one.name, one.source, one.where or "", one.note or "", one.status)
    return " ".join(parts).casefold()


def _number(
    model: Model, one: Parameter, uses: Sequence[str], rates: Sequence[str],
    forms: Sequence[Structure], estimate: Estimate | None,
) -> Number:  # fmt: skip
    low, high, spread = _spread(one)
    return Number(
        one.id, model.in_words(one.name), one.value, one.unit, one.status, one.source, one.where,
        one.note, one.role == "covariate", low, high, spread, tuple(uses), tuple(rates),
        one.id in OUTSIDE,
        tuple((form.id, form.parameters[one.id]) for form in forms if one.id in form.parameters),
        tuple(
            (b if a == one.id else a, rho) for a, b, rho in model.correlations if one.id in (a, b)
        ),
        estimate, short_path(one.file), one.line,
    )  # fmt: skip


def _spread(one: Parameter) -> tuple[float | None, float | None, str]:
    """Return the range of 95 % of patients, and the distribution in words."""
    given = one.distribution
    if given is None or given.kind == "fixed":
        return None, None, ""
    if given.kind == "bernoulli":
        return None, None, f"yes in {100 * one.value:.3g} % of patients"
    if given.kind == "categorical":
        shares = zip(given.levels, given.probabilities, strict=True)
        return None, None, ", ".join(f"{level:g} in {100 * p:.3g} %" for level, p in shares)
    ends = marginal(given, np.full(2, one.value), np.array([-TAIL, TAIL]))
    kinds = {"lognormal": "log-normal", "logitnormal": "logit-normal"}
    words = kinds.get(given.kind, given.kind)
    if given.sd is not None:
        words += f", sd {given.sd:g}" + (" of its logarithm" if given.kind == "lognormal" else "")
    if given.low is not None or given.high is not None:
        low, high = (value_words(x) if x is not None else "" for x in (given.low, given.high))
        words += f", cut at {' and '.join(part for part in (low, high) if part)}"
    return float(ends[0]), float(ends[1]), words


def _rates(model: Model) -> dict[str, list[str]]:
    """Return the states whose rate depends on each parameter, through rules and constants."""
    form = model.form
    below: dict[str, frozenset[str]] = {}
    for name, node in form.constants:
        symbols = form.graph.symbols(node)
        below[name] = symbols.union(*(below.get(one, frozenset()) for one in symbols))
    result: dict[str, list[str]] = {}
    for state, node in zip(form.states, form.solved[0], strict=True):
        symbols = form.graph.symbols(node)
        for name in symbols.union(*(below.get(one, frozenset()) for one in symbols)):
            if name in form.places:
                result.setdefault(name, []).append(state)
    return result
