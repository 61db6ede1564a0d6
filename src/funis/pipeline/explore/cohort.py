"""The virtual patients that are explored: of a stratum, each with a draw of what cells do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.ensemble import Basis
from funis.checks import InputError, Issue
from funis.models import Model, find_disease, library_folder, load_model
from funis.models.factors import NO_CELLS, Points
from funis.pipeline.explore.options import LIBRARY, NONE, explore_options
from funis.pipeline.explore.state import ExploreState
from funis.pipeline.explore.statistics import Draws
from funis.pipeline.pools import trial_pool
from funis.pipeline.uncertainty import chosen_ensemble
from funis.population import Pool, choose, uniform
from funis.product import Product, library_product, product_parameters
from funis.protocol import Protocol, load_protocol
from funis.protocol.structures import library_structures, structure_parameters
from funis.solver import ParameterTable

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

FEWEST = 20
"""Plausible patients of the pool that a stratum has to hold."""

BASIS: Basis = "borrowed"
"""The posterior that predictions use: with what other diseases say."""


@dataclass(frozen=True, slots=True, eq=False)
class Disease:
    """What all explorations of a disease share.

    Attributes
    ----------
    protocol : its demo trial, by whose endpoints a course is told; None where there is none.
    points : draws of the posterior; None without one.
    """

    model: Model
    pool: Pool
    protocol: Protocol | None
    points: Points | None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What cells do in each patient.

    Attributes
    ----------
    factors : parameter -> (patient,) what it is multiplied by.
    told : in words.
    draws : of the patients and of the whole posterior; None where draws do not differ.
    """

    factors: dict[str, Array]
    told: str
    draws: Draws | None = None


@lru_cache(maxsize=16)
def disease_parts(disease: str) -> Disease:
    """Load a disease: its model, its pool, its posterior, its demo trial."""
    model = load_model(find_disease(disease))
    path = library_folder() / "trials" / f"{disease}_demo.yaml"
    found = chosen_ensemble(model, BASIS)
    points = None if found is None else found.draws[BASIS].points
    protocol = load_protocol(path) if path.is_file() else None
    return Disease(model, trial_pool(model), protocol, points)


def cohort(parts: Disease, state: ExploreState) -> ParameterTable:
    """Return the parameters of the patients: chosen from a stratum of the pool by key and weight.

    Without traits they are the patients of `funis simulate`.

    Raises
    ------
    InputError
        The pool holds too few patients of the stratum.
    """
    pool = _stratum(parts, state)
    rows = choose(pool, state.seed, np.arange(state.patients, dtype=np.int64))
    return ParameterTable(pool.names, pool.values[rows])


def _stratum(parts: Disease, state: ExploreState) -> Pool:
    pool = parts.pool
    column = {name: parameter for parameter, name in parts.model.covariates.items()}
    keep = np.ones(len(pool), dtype=np.bool_)
    for name, wanted in state.traits.items():
        keep &= (pool.values[:, pool.names.index(column[name])] > 0) == wanted
    if keep.sum() < FEWEST:
        names = {one.id: one.name for one in explore_options(state.disease).traits}
        words = ", ".join(
            f"{names[name]}: {'yes' if yes else 'no'}" for name, yes in state.traits.items()
        )
        message = f"{keep.sum()} of {len(pool)} plausible patients are so ({words})"
        raise InputError(Issue(None, None, "traits", message, f"traits that {FEWEST} have"))
    if keep.all():
        return pool
    return replace(
        pool, index=pool.index[keep], values=pool.values[keep], weights=pool.weights[keep]
    )


def drawn(parts: Disease, state: ExploreState) -> Drawn:
    """Return what cells do in each patient: a draw of the posterior by his own key.

    The key is that of a trial, so that a patient has the row that he has there.
    """
    if state.potency == NONE:
        told = "cells do nothing (potency 0) in every virtual patient"
        return Drawn({NO_CELLS: np.zeros(state.patients)}, told)
    if state.potency == LIBRARY or parts.points is None:
        return Drawn({}, "the library's values, without uncertainty of the cells")
    points = parts.points
    own, whole = _rows(points, state)
    factors = {name: points.factors[own, place] for place, name in enumerate(points.names)}
    nothing = points.factors[whole, points.names.index(NO_CELLS)] == 0
    share = nothing.mean() if state.null_weight is None else state.null_weight
    told = (
        "a draw of the posterior in each virtual patient;"
        f" in {100 * share:.0f} % of the draws cells do nothing"
    )
    return Drawn(factors, told, Draws.of(points, own, whole))


def _rows(points: Points, state: ExploreState) -> tuple[Integers, Integers]:
    """Return the row of each patient, and rows of one weight that stand for the posterior."""
    patient, even = np.arange(state.patients, dtype=np.int64), np.arange(len(points))
    luck, weight = uniform(state.seed, "ensemble row", patient), state.null_weight
    if weight is None:
        return _picked(luck, even), even
    idle = uniform(state.seed, "null potency", patient) < weight
    level = (even + 0.5) / len(points)
    rest = np.maximum(level - weight, 0) / max(1 - weight, 1e-9)
    return _mixed(points, luck, idle), _mixed(points, rest, level < weight)


def _mixed(points: Points, luck: Array, idle: NDArray[np.bool_]) -> Integers:
    """Return a row for each: one in which cells do nothing, or one in which they do something."""
    null = points.factors[:, points.names.index(NO_CELLS)] == 0
    nothing, acting = np.flatnonzero(null), np.flatnonzero(~null)
    if not len(nothing):
        nothing = acting
    if not len(acting):
        acting = nothing
    return np.where(idle, _picked(luck, nothing), _picked(luck, acting))


def _picked(luck: Array, rows: Integers) -> Integers:
    return rows[np.minimum((luck * len(rows)).astype(np.int64), len(rows) - 1)]


def with_forms(
    parts: Disease, table: ParameterTable, state: ExploreState, what: Drawn
) -> ParameterTable:
    """Return parameters with the structures, then with the factors of each one's draw."""
    chosen = [library_structures()[name] for name in state.structures]
    known = {*parts.model.form.parameters}
    usual = dict(zip(parts.model.form.parameters, parts.model.form.defaults, strict=True))
    named = {**structure_parameters(chosen)}
    new = {n: usual[n] for n in what.factors if n in known and n not in table.names}
    whole = table.replaced({**new, **{n: v for n, v in named.items() if n in known}})
    return whole.scaled({n: v for n, v in what.factors.items() if n in whole.names})


@cache
def product_of(name: str) -> Product:
    """Return a product of the library, read once."""
    return library_product(name)


@cache
def _living(name: str, hold_minute: float | None) -> dict[str, float]:
    return product_parameters(product_of(name), hold_minute)


def with_regimen(table: ParameterTable, state: ExploreState) -> ParameterTable:
    """Return parameters with the living share of the product after its hold."""
    return table.replaced(_living(state.product, state.hold_minute))


def form_key(state: ExploreState) -> tuple[object, ...]:
    """Return what the twins of a state depend on; whatever else moves leaves them as they are."""
    return (
        state.disease, tuple(sorted(state.traits.items())), state.patients, state.seed,
        state.weeks, state.shape, state.memory, state.potency, state.null_weight,
    )  # fmt: skip
