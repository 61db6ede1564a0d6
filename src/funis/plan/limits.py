"""Limits that every preparation worksheet is held against: ``library/worksheet.yaml``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from funis.checks import InputError, Issue, StrictModel, read_yaml, validate
from funis.plan.exact import exact, rounded_down, shown
from funis.product import Quantity
from funis.product.schema import SourcedSchema

LIBRARY = Path(__file__).parents[1] / "library" / "worksheet.yaml"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LimitSchema(SourcedSchema):
    """A limit above 0."""

    value: Positive


class WeightSchema(StrictModel):
    """Lightest and heaviest weight that is not refused."""

    low: LimitSchema
    high: LimitSchema


class LimitsSchema(StrictModel):
    """The file."""

    band_kg: Annotated[int, Field(ge=1)]
    weight_kg: WeightSchema
    intrathecal_ml: LimitSchema


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused, and what is warned of.

    Attributes
    ----------
    band_kg : int
        Width of a weight band [kg].
    low_kg, high_kg : Quantity
        Weights outside of them are refused [kg].
    intrathecal_ml : Quantity
        One bolus into the fluid [mL].
    """

    band_kg: int
    low_kg: Quantity
    high_kg: Quantity
    intrathecal_ml: Quantity


@dataclass(frozen=True, slots=True)
class WeightBand:
    """Weights from ``low_kg`` to below ``high_kg``; ``middle_kg`` stands for all of them."""

    low_kg: Decimal
    middle_kg: Decimal
    high_kg: Decimal


def load_limits(path: str | Path = LIBRARY) -> Limits:
    """Read the limits.

    Raises
    ------
    InputError
        One issue a fault, with file, line, key and what was expected.
    """
    read = validate(LimitsSchema, read_yaml(path))
    weights = read.weight_kg
    numbers = (_quantity(one) for one in (weights.low, weights.high, read.intrathecal_ml))
    return Limits(read.band_kg, *numbers)


@cache
def library_limits() -> Limits:
    """Return the limits of the library."""
    return load_limits()


def weight_band(weight_kg: float | Decimal, limits: Limits) -> WeightBand:
    """Return the band that a weight belongs to: a worksheet is of the band, not of the weight.

    Raises
    ------
    InputError
        No weight that a virtual patient can have.
    """
    low, high = (exact(one.value or 0.0) for one in (limits.low_kg, limits.high_kg))
    if not (math.isfinite(weight_kg) and low <= weight_kg <= high):
        message = f"a weight of {weight_kg:g} kg"
        expected = f"{shown(low)} to {shown(high)} kg"
        raise InputError(Issue(None, None, "weight_kg", message, expected))
    width = Decimal(limits.band_kg)
    below = rounded_down(exact(weight_kg) + width / 2, step=width)
    return WeightBand(below - width / 2, below, below + width / 2)


def _quantity(read: LimitSchema) -> Quantity:
    return Quantity(read.value, read.unit, read.status, read.source, read.sd, read.note)
