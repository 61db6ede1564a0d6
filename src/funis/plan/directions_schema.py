"""The closed schema of a file of directions for use, and its reader."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel, nearest, read_yaml, validate
from funis.plan.directions import (
    LIBRARY,
    Contents,
    Decision,
    Directions,
    ForWeight,
    Premedication,
    RouteDirections,
)
from funis.plan.exact import exact
from funis.product import Quantity
from funis.product.schema import SourcedSchema
from funis.protocol.load import interventions_from
from funis.protocol.schema import InterventionSchema

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PositiveSchema(SourcedSchema):
    """A number above 0, or not reported."""

    value: Positive | None


class KnownSchema(SourcedSchema):
    """A number above 0 that has to be there."""

    value: Positive


class ShareSchema(SourcedSchema):
    """An amount of 0 or more, or not reported."""

    value: NotNegative | None


class ForWeightSchema(KnownSchema):
    """A number for a range of weights."""

    from_kg: Positive | None = None
    below_kg: Positive | None = None


class VialSchema(StrictModel):
    """What is in a vial."""

    volume_ml: KnownSchema
    dmso_percent: ShareSchema
    cells: KnownSchema | None = None
    concentration_cell_per_ml: KnownSchema | None = None

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if (self.cells is None) == (self.concentration_cell_per_ml is None):
            raise _fault("cells", "cells are not said once", "cells, or concentration_cell_per_ml")
        return self


class RouteSchema(StrictModel):
    """How one route is prepared."""

    vehicle: Text
    undiluted: bool = False
    suspension_cell_per_ml: PositiveSchema | None = None
    volumes: tuple[ForWeightSchema, ...] = ()
    rates: tuple[ForWeightSchema, ...] = ()
    durations: tuple[ForWeightSchema, ...] = ()
    expiry_minute: PositiveSchema
    observation_minute: PositiveSchema

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.undiluted, self.suspension_cell_per_ml is not None, bool(self.volumes))
        if sum(ways) > 1:
            names = "undiluted: true, suspension_cell_per_ml, volumes"
            raise _fault("volumes", "the volume is said in two ways", f"one of {names}")
        if self.rates and self.durations:
            raise _fault("rates", "stand beside durations", "one of the two")
        for key in ("volumes", "rates", "durations"):
            _require_seamless(key, getattr(self, key))
        return self


class PremedicationSchema(StrictModel):
    """What is given before the cells."""

    what: Text
    source: Text


class DecisionSchema(StrictModel):
    """A rule that answers a response."""

    id: Name
    when: Text
    then: Text
    source: Text
    day: Annotated[int, Field(ge=0)] | None = None
    window_day: Annotated[int, Field(ge=0)] = 0
    give: tuple[InterventionSchema, ...] = ()


class DirectionsSchema(StrictModel):
    """A file of directions for use."""

    product: Name
    vial: VialSchema | None = None
    routes: Annotated[dict[Name, RouteSchema], Field(min_length=1)]
    premedication: tuple[PremedicationSchema, ...] = ()
    schedule: tuple[InterventionSchema, ...] = ()
    least_gap_day: Positive | None = None
    decisions: tuple[DecisionSchema, ...] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for place, one in enumerate(self.schedule):
            for before, after in pairwise(one.schedule.start_days()):
                if self.least_gap_day is not None and after - before < self.least_gap_day:
                    message = f"days {before:g} and {after:g} are too near"
                    expected = f"at least {self.least_gap_day:g} days between two infusions"
                    raise _fault(f"schedule[{place}].schedule", message, expected)
        return self


def load_directions(path: str | Path) -> Directions:
    """Read a file of directions for use.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    document = read_yaml(path)
    read = validate(DirectionsSchema, document)
    return Directions(
        product=read.product,
        vial=None if read.vial is None else _contents(read.vial),
        routes=tuple(_route(name, one) for name, one in read.routes.items()),
        premedication=tuple(Premedication(p.what, p.source) for p in read.premedication),
        schedule=interventions_from(read.schedule),
        least_gap_day=None if read.least_gap_day is None else exact(read.least_gap_day),
        decisions=tuple(_decision(one) for one in read.decisions),
        note=read.note,
        file=document.file,
    )


@cache
def library_directions(product: str) -> Directions:
    """Return the directions for use of a product of the library.

    Raises
    ------
    InputError
        The library has none for this product.
    """
    names = tuple(sorted(path.stem for path in LIBRARY.glob("*.yaml")))
    if product not in names:
        message = f"no directions for use of the product '{product}'"
        expected = "one of " + ", ".join(names)
        raise InputError(Issue(None, None, "product", message, expected, nearest(product, names)))
    return load_directions(LIBRARY / f"{product}.yaml")


def _route(name: str, read: RouteSchema) -> RouteDirections:
    suspension = read.suspension_cell_per_ml
    return RouteDirections(
        route=name,
        vehicle=read.vehicle,
        undiluted=read.undiluted,
        expiry_minute=_quantity(read.expiry_minute),
        observation_minute=_quantity(read.observation_minute),
        suspension_cell_per_ml=None if suspension is None else _quantity(suspension),
        volumes=_by_weight(read.volumes),
        rates=_by_weight(read.rates),
        durations=_by_weight(read.durations),
    )


def _contents(read: VialSchema) -> Contents:
    cells, concentration = read.cells, read.concentration_cell_per_ml
    return Contents(
        volume_ml=_quantity(read.volume_ml),
        dmso_percent=_quantity(read.dmso_percent),
        cells=None if cells is None else _quantity(cells),
        concentration_cell_per_ml=None if concentration is None else _quantity(concentration),
    )


def _by_weight(rows: tuple[ForWeightSchema, ...]) -> tuple[ForWeight, ...]:
    ends = [(row.from_kg, row.below_kg) for row in rows]
    return tuple(
        ForWeight(_quantity(row), *(None if end is None else exact(end) for end in pair))
        for row, pair in zip(rows, ends, strict=True)
    )


def _decision(read: DecisionSchema) -> Decision:
    give = interventions_from(read.give)
    return Decision(read.id, read.when, read.then, read.source, read.day, read.window_day, give)


def _quantity(read: SourcedSchema) -> Quantity:
    return Quantity(read.value, read.unit, read.status, read.source, read.sd, read.note)


def _require_seamless(key: str, rows: tuple[ForWeightSchema, ...]) -> None:
    """Refuse weights that no row, or two rows, hold for."""
    for place, (before, after) in enumerate(pairwise(rows)):
        if before.below_kg is None or before.below_kg != after.from_kg:
            message = (
                f"weights below {before.below_kg or 'no end'} and from {after.from_kg or 0} kg"
            )
            raise _fault(f"{key}[{place + 1}].from_kg", message, "each weight in one row")
    if rows and (rows[0].from_kg is not None or rows[-1].below_kg is not None):
        raise _fault(f"{key}[0].from_kg", "some weights stand in no row", "the ends left open")


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))
