"""What is explored: a regimen, a stratum and forms of the model, as one frozen, checked value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from funis.checks import Issue, IssueList, nearest
from funis.models import library_folder
from funis.pipeline.explore.options import (
    DOSE_CELL,
    DOSE_PER_KG,
    EVERY_DAY,
    GRADED,
    LINEAR,
    MEMORIES,
    NONE,
    PATIENTS,
    POSTERIOR,
    POTENCIES,
    SHAPES,
    TIMES,
    WEEKS,
    Options,
    check_disease,
    explore_options,
)
from funis.protocol import Arm, FrozenMapping, Intervention, load_protocol
from funis.protocol.dose_text import REFERENCE_PRODUCT

MOST_SEED = 2**31 - 1
FALLBACK_CELL = 70e6
"""Dose where the library has no demo trial of a disease [cell] (assumed)."""


@dataclass(frozen=True, slots=True)
class ExploreState:
    """One place of all the controls.

    Attributes
    ----------
    routes, doses
        Each route with the cells of one dose, living and dead, in total or per kg.
    times, every_day
        Number of doses by each route, and days between them.
    hold_minute
        From thaw to vein; the product's usual one if None.
    traits
        Trait -> whether patients have it; what is not named is open.
    shape, memory
        Forms of the model.
    potency
        ``posterior``, ``library`` or ``none``.
    null_weight
        Share of draws in which cells do nothing; that of the posterior if None.
    weeks, patients, seed
        What is shown, of how many virtual patients, and which.

    Raises
    ------
    InputError
        One line for each value that cannot be, with the nearest name.
    """

    disease: str
    routes: tuple[str, ...]
    doses: tuple[float, ...]
    per_kg: bool = False
    times: int = 1
    every_day: int = 28
    product: str = REFERENCE_PRODUCT
    hold_minute: float | None = None
    traits: FrozenMapping[bool] = field(default_factory=FrozenMapping)
    shape: str = LINEAR
    memory: str = GRADED
    potency: str = POSTERIOR
    null_weight: float | None = None
    weeks: int = 52
    patients: int = 200
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be; put routes in the order of the model."""
        check_disease(self.disease)
        options = explore_options(self.disease)
        IssueList(_faults(self, options)).raise_errors()
        given = dict(zip(self.routes, self.doses, strict=True))
        order = [one.id for one in options.routes if one.id in given]
        object.__setattr__(self, "routes", tuple(order))
        object.__setattr__(self, "doses", tuple(given[name] for name in order))

    @property
    def structures(self) -> tuple[str, ...]:
        """Structures of the library that are selected."""
        return tuple(one for one in (self.shape, self.memory) if one not in (LINEAR, GRADED))

    @property
    def days(self) -> tuple[float, ...]:
        """Days of the doses."""
        return tuple(float(number * self.every_day) for number in range(self.times))

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What is given, an intervention a route."""
        return tuple(
            Intervention(
                f"dose_{route}", product=self.product, route=route, days=self.days,
                dose_cell=None if self.per_kg else dose,
                dose_cell_per_kg=dose if self.per_kg else None,
            )
            for route, dose in zip(self.routes, self.doses, strict=True)
        )  # fmt: skip


@cache
def default_state(disease: str) -> ExploreState:
    """Return where the controls of a disease begin: the arm that its demo trial is about.

    Raises
    ------
    InputError
        A disease that the library does not have.
    """
    check_disease(disease)
    path = library_folder() / "trials" / f"{disease}_demo.yaml"
    routes = tuple(one.id for one in explore_options(disease).routes)
    if not path.is_file():
        return ExploreState(disease, routes[:1], (FALLBACK_CELL,))
    protocol = load_protocol(path)
    wanted = () if protocol.success is None else protocol.success.arms
    arm = next((one for one in protocol.arms if one.id in wanted), protocol.arms[-1])
    return _of_arm(disease, arm) or ExploreState(disease, routes[:1], (FALLBACK_CELL,))


def _of_arm(disease: str, arm: Arm) -> ExploreState | None:
    """Return an arm as a state; None where no controls of this page say the same.

    Then it gives no cells, its routes differ in days or in how a dose is told, its days are not
    regular from day 0 on, or they are more or further apart than the controls reach.
    """
    cells = [one for one in arm.interventions if one.product is not None]
    if len({(one.days, one.per_kg) for one in cells}) != 1:
        return None
    days, per_kg = cells[0].days, cells[0].per_kg
    gap = int(days[1] - days[0]) if len(days) > 1 else 28
    if not (_within(len(days), TIMES) and _within(gap, EVERY_DAY)):
        return None
    doses = tuple((one.dose_cell_per_kg if per_kg else one.dose_cell) or 0.0 for one in cells)
    routes = tuple(one.input for one in cells)
    found = ExploreState(disease, routes, doses, per_kg, len(days), gap)
    return found if found.days == tuple(days) else None


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _faults(state: ExploreState, options: Options) -> Iterator[Issue]:
    products = [one.id for one in options.products]
    routes = [one.id for one in options.routes]
    yield from _unknown("product", (state.product,), products)
    yield from _unknown("route", state.routes, routes)
    yield from _unknown("trait", tuple(state.traits), [one.id for one in options.traits])
    yield from _unknown("shape", (state.shape,), SHAPES)
    yield from _unknown("memory", (state.memory,), MEMORIES)
    yield from _unknown("potency", (state.potency,), POTENCIES)
    if not state.routes or len(set(state.routes)) != len(state.routes):
        yield Issue(None, None, "route", "a route stands twice, or none stands", "each route once")
    if len(state.routes) != len(state.doses):
        expected = "a dose for each route, with commas between them"
        message = f"{len(state.doses)} doses for {len(state.routes)} routes"
        yield Issue(None, None, "dose", message, expected)
    yield from _numbers(state)
    if state.product in products:
        most = options.product(state.product).longest_hold_minute
        yield from _range("hold", state.hold_minute, (0, most), "minutes after thaw")
    yield from _weights(state)


def _numbers(state: ExploreState) -> Iterator[Issue]:
    limits, unit = (DOSE_PER_KG, "cells per kg") if state.per_kg else (DOSE_CELL, "cells")
    for dose in state.doses:
        yield from _range("dose", dose, limits, unit)
    yield from _range("times", state.times, TIMES, "doses")
    yield from _range("every", state.every_day, EVERY_DAY, "days")
    yield from _range("weeks", state.weeks, WEEKS, "weeks")
    yield from _range("patients", state.patients, PATIENTS, "virtual patients")
    yield from _range("seed", state.seed, (0, MOST_SEED), "as a whole number")


def _weights(state: ExploreState) -> Iterator[Issue]:
    yield from _range("null", state.null_weight, (0, 1), "as a share of the draws")
    if state.null_weight is not None and state.potency != POSTERIOR:
        message = f"a share of draws without effect, and potency '{state.potency}'"
        expected = f"potency '{POSTERIOR}', or no share"
        yield Issue(None, None, "null", message, expected)


def _unknown(
    key: str, given: tuple[str, ...], known: list[str] | tuple[str, ...]
) -> Iterator[Issue]:
    for name in given:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "none: this disease has no traits"
            yield Issue(None, None, key, f"unknown {key} '{name}'", expected, nearest(name, known))


def _range(
    key: str, value: float | None, limits: tuple[float, float], unit: str
) -> Iterator[Issue]:
    if value is not None and not limits[0] <= value <= limits[1]:
        expected = f"{limits[0]:g} to {limits[1]:g} {unit}"
        yield Issue(None, None, key, f"{value:g} is out of range", expected)


def no_effect(state: ExploreState) -> bool:
    """Return whether cells do nothing in every patient."""
    return state.potency == NONE or state.null_weight == 1.0
