"""What is believed of adverse events before any trial, and what stands behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from funis.safety import Hazard, Ratio, Safety, Term
from funis.safety.rates import chance, per_administration

Basis = Literal["evidence", "predicted", "assumed"]

MIDDLE, LOW, HIGH = 0.5, 0.025, 0.975
DRAWS = 400
"""Draws of the risk and of the ratio, each, from which ranges are read."""


@dataclass(frozen=True, slots=True)
class Range:
    """A middle and a 95 % range."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Believed:
    """One hazard as it is believed.

    Attributes
    ----------
    follows : str
        In words: a route, or ``time``.
    per : str
        administration | year.
    control, cells : Range
        Risk of an administration, or rate a year: without cells, and with them in all.
    ratio : Ratio or None
        None where all of it is ascribed to cells.
    """

    term: str
    title: str
    follows: str
    per: Literal["administration", "year"]
    control: Range
    cells: Range
    hazard: Hazard

    @property
    def ratio(self) -> Ratio | None:
        """What cells multiply the risk by."""
        return self.hazard.ratio

    @property
    def basis(self) -> Basis:
        """Whether rows of this route stand behind it, it is predicted from others, or assumed."""
        if self.hazard.assumed:
            return "assumed"
        return "predicted" if self.hazard.predicted else "evidence"

    @property
    def words(self) -> str:
        """What stands behind it, in words."""
        risk, ratio = self.hazard.risk, self.hazard.ratio
        count = f" ({risk.events} of {risk.n}, {_studies(risk.studies)})" if risk.n else ""
        parts = [f"{risk.title}{count}"] if risk.rows else []
        if ratio is None:
            parts.append("all of it ascribed to cells")
        elif ratio.rows:
            parts.append(f"ratio of {ratio.rows[0].split(':')[0]}")
        parts += [text for text in (self.hazard.assumed, self.hazard.note) if text]
        return "; ".join(parts)


def believed(
    safety: Safety, routes: Sequence[str], disease: str | None = None
) -> Iterator[Believed]:
    """Return what is believed of every term after some routes, and with time.

    Parameters
    ----------
    routes
        Routes of administration, in the order of the result.
    disease
        Whose background rates hold; all of them where it is None.
    """
    for term in safety.terms.values():
        for route in routes:
            hazard = term.hazard(route)
            if hazard is not None:
                yield _believed(term, route, hazard)
        if term.over_time:
            chosen = term.over_time if disease is None else (term.background(disease),)
            for hazard in chosen:
                named = f"time ({', '.join(hazard.diseases)})" if hazard.diseases else "time"
                yield _believed(term, named, hazard)


def routes_of(safety: Safety) -> tuple[str, ...]:
    """Return every route that an adverse event can follow."""
    found = [route for term in safety.terms.values() for one in term.after for route in one.routes]
    return tuple(dict.fromkeys(found))


def _believed(term: Term, follows: str, hazard: Hazard) -> Believed:
    control, cells = _ranges(hazard)
    per: Literal["administration", "year"] = "administration" if hazard.routes else "year"
    return Believed(term.id, term.title, follows, per, control, cells, hazard)


def _ranges(hazard: Hazard) -> tuple[Range, Range]:
    """Return the ranges of both risks, from the same grid of the pool and of the ratio."""
    shares = [(place + 0.5) / DRAWS for place in range(DRAWS)]
    # the ratio's shares in another order: independent of those of the risk
    mixed = [shares[(place * 149 + 37) % DRAWS] for place in range(DRAWS)]
    ratio = hazard.ratio
    pairs = [
        chance(hazard, hazard.risk.quantile(a), None if ratio is None else ratio.quantile(b))
        for a, b in zip(shares, mixed, strict=True)
    ]
    middle = chance(
        hazard, hazard.risk.quantile(MIDDLE), None if ratio is None else ratio.quantile(MIDDLE)
    )
    return (
        _range(hazard, middle.control, [one.control for one in pairs]),
        _range(hazard, middle.cells, [one.cells for one in pairs]),
    )


def _range(hazard: Hazard, middle: float, values: Sequence[float]) -> Range:
    ordered = sorted(values)
    low, high = ordered[int(LOW * DRAWS)], ordered[min(int(HIGH * DRAWS), DRAWS - 1)]
    return Range(*(_one(hazard, value) for value in (middle, low, high)))


def _one(hazard: Hazard, value: float) -> float:
    """Return the risk of one administration from that of a patient; a rate stays as it is."""
    if not hazard.routes:
        return value
    return -math.expm1(-per_administration(value, hazard.risk.administrations))


def _studies(number: int) -> str:
    return "one study" if number == 1 else f"{number} studies"
