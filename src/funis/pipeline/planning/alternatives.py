"""Alternatives to a plan: doses, routes and schedules of the library for the same disease."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from funis.pipeline.planning.setting import Chosen, has_cells
from funis.protocol import Arm
from funis.protocol.regimen import library_regimens
from funis.units import DAYS_PER_WEEK

Kind = Literal["plan", "trial arm", "advertised", "published"]
MILLION = 1e6

MOST = 40
"""Alternatives of one comparison: each is followed in every match, draw and dose shape."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One alternative, as an arm that could be simulated."""

    id: str
    label: str
    kind: Kind
    arm: Arm
    source: str | None = None


def offered(chosen: Chosen, horizon_week: float) -> tuple[Offered, ...]:
    """Return the plan itself, then other regimens of the library, each once.

    Regimens that are alike in cells, routes and days up to the horizon stand for one another: the
    first is kept. A regimen by a route that the model does not have is left out.
    """
    routes = {given.id for given in chosen.trial.model.inputs if given.kind == "cells"}
    found: dict[object, Offered] = {}
    for one in _all(chosen):
        if {given.input for given in one.arm.interventions if given.product} <= routes:
            found.setdefault(_key(one.arm, horizon_week), one)
    return tuple(found.values())[:MOST]


def _all(chosen: Chosen) -> Iterator[Offered]:
    reference = chosen.reference
    own = f"{reference.id}, {chosen.arm.label}"
    yield Offered(f"{reference.id}/{chosen.arm.id}", own, "plan", chosen.arm, reference.source)
    protocol = chosen.trial.protocol
    for arm in protocol.arms:
        if has_cells(arm) and not arm.altered:
            yield Offered(f"{protocol.id}/{arm.id}", arm.label, "trial arm", arm, protocol.source)
    for regimen in library_regimens():
        if regimen.disease != protocol.disease:
            continue
        for one in regimen.variants:
            arm = Arm(one.id, one.label, None, False, one.interventions)
            if has_cells(arm):
                yield Offered(
                    f"{regimen.id}/{one.id}", one.label, regimen.kind, arm, regimen.source
                )


def _key(arm: Arm, horizon_week: float) -> object:
    """Return what makes two regimens the same up to a week."""
    last = horizon_week * DAYS_PER_WEEK
    return frozenset(
        (
            one.supply, one.drug, one.input, one.dose_cell, one.dose_cell_per_kg, one.dose,
            tuple(day for day in one.days if day < last), one.duration_day,
        )
        for one in arm.interventions
    )  # fmt: skip


def doses_by_route(arm: Arm, horizon_week: float) -> Mapping[str, int]:
    """Return the administrations of cells before a week, by route."""
    last, found = horizon_week * DAYS_PER_WEEK, dict[str, int]()
    for one in arm.interventions:
        if one.product is not None:
            given = sum(day < last for day in one.days)
            found[one.input] = found.get(one.input, 0) + given
    return found


def cells_million(arm: Arm, horizon_week: float, weight_kg: float) -> float:
    """Return the cells that are given before a week at a body weight [1e6]."""
    last, total = horizon_week * DAYS_PER_WEEK, 0.0
    for one in arm.interventions:
        if one.product is not None:
            dose = one.dose_cell or (one.dose_cell_per_kg or 0.0) * weight_kg
            total += dose * sum(day < last for day in one.days)
    return total / MILLION
