"""A study: a protocol, the model, the pool and the products that it needs, and how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.models.factors import Points
from funis.population import Pool, uniform
from funis.product import Product, product_parameters
from funis.protocol import Arm, Design, Protocol, Rule
from funis.solver import ParameterTable
from funis.trial.lots import lot_parameters

CHECKED_SHARE = 0.01
"""Share of patients whose every course is solved a second time, much more tightly."""

MINUTES_PER_WEEK = 10080
MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that conducting one trial needs, as values.

    Attributes
    ----------
    patients_per_arm, seed : those of the protocol unless the caller says otherwise.
    rtol : relative tolerance of the solver.
    ensemble : factors of uncertain parameters; each patient has a row of it by his own key. Without
        it the parameters are those of the library.
    """

    protocol: Protocol
    model: Model
    pool: Pool
    products: Mapping[str, Product]
    patients_per_arm: int
    seed: int
    rtol: float = 1e-5
    ensemble: Points | None = None

    @property
    def size(self) -> int:
        """Patients in all arms, whatever the ratio in which they are split."""
        return self.patients_per_arm * len(self.arms)

    @property
    def design(self) -> Design | None:
        """Design of the protocol, None where it declares none."""
        return self.protocol.design

    @property
    def arms(self) -> tuple[Arm, ...]:
        """What patients are randomised to: arms, or the sequences of a crossover."""
        return self.protocol.conducted

    @property
    def routes(self) -> tuple[str, ...]:
        """Routes by which the disease takes cells."""
        return tuple(given.id for given in self.model.inputs if given.kind == "cells")

    @property
    def visit_minutes(self) -> list[int]:
        """Minute of each visit."""
        return [week_minute(week) for week in self.protocol.visits.weeks]

    @property
    def arm_ids(self) -> tuple[str, ...]:
        """Arms, or sequences, in the order of the protocol."""
        return tuple(arm.id for arm in self.arms)

    @property
    def horizon_minute(self) -> int:
        """Minute of the last visit."""
        return week_minute(self.protocol.visits.last_week)

    def parameters_of(self, arm: Arm) -> dict[str, float]:
        """Parameters that the arm sets: its product's, then those of structures and scenario."""
        given: dict[str, float] = {}
        for name in products_of(arm, self.protocol.rules):
            given |= product_parameters(self.products[name])
            given |= lot_parameters(self.products[name], self.seed, self.model.form.parameters)
        known = any(arm.id == one.id for one in self.protocol.arms)
        changed = self.protocol.parameters_of(arm.id) if known else self.protocol.shared_parameters
        return given | changed

    def checked(self, patient: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which patients are solved a second time, by their own luck, (patient,)."""
        return np.asarray(uniform(self.seed, "solver check", patient) < CHECKED_SHARE)

    def uncertain(self, table: ParameterTable, patient: NDArray[np.int64]) -> ParameterTable:
        """Return parameters of patients with the factors of each one's row of the ensemble."""
        if self.ensemble is None or not len(patient):
            return table
        row = self.ensemble_row(patient)
        names = [name for name in self.ensemble.names if name in table.names]
        factors = self.ensemble.factors
        return table.scaled({n: factors[row, self.ensemble.names.index(n)] for n in names})

    def ensemble_row(self, patient: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of the ensemble that each patient has in every arm, (patient,)."""
        count = 1 if self.ensemble is None else len(self.ensemble)
        luck = uniform(self.seed, "ensemble row", patient)
        return np.minimum((luck * count).astype(np.int64), count - 1)

    @property
    def recovered(self) -> dict[str, float]:
        """Share of the cells of each product that reach the vein."""
        return {
            name: product.recovered_fraction.value
            for name, product in self.products.items()
            if product.recovered_fraction.value is not None
        }


def products_of(arm: Arm, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return the products, or lots, that an arm gives by regimen or rule, each once."""
    given = [*arm.interventions]
    for rule in rules:
        given += rule.action.give if rule.applies_to(arm.id) else ()
    return tuple(dict.fromkeys(one.supply for one in given if one.supply is not None))


def week_minute(week: float) -> int:
    """Return the minute of a week."""
    return round(week * MINUTES_PER_WEEK)
