"""The closed schema of the block ``interim:`` of a trial file."""

from typing import Annotated

from pydantic import Field

from funis.checks import StrictModel
from funis.protocol.interim import (
    Allocation,
    AllocationRule,
    Assumption,
    Futility,
    FutilityRule,
    Interim,
    Resize,
    ResizeRule,
    Selection,
    SelectionTest,
    Spending,
)

Share = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class FutilitySchema(StrictModel):
    """When a trial ends without success."""

    rule: FutilityRule
    below: Share | None = None
    assuming: Assumption = "trend"
    beta: Share = 0.2
    spending: Spending = "lan_demets_obrien_fleming"
    parameter: Finite | None = None
    bounds: tuple[Finite, ...] = ()
    binding: bool = False


class ResizeSchema(StrictModel):
    """A new number of patients."""

    rule: ResizeRule
    look: Count = 1
    at_most: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 2.0
    power: Share = 0.9
    promising: Share = 0.3


class SelectionSchema(StrictModel):
    """Arms that go on."""

    arms: tuple[str, ...]
    look: Count = 1
    keep: Count = 1
    test: SelectionTest = "dunnett"


class AllocationSchema(StrictModel):
    """Randomisation that follows outcomes."""

    rule: AllocationRule
    burn_in: Count = 40
    low: Share = 0.1
    high: Share = 0.9
    exponent: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class InterimSchema(StrictModel):
    """Looks at the data."""

    looks: tuple[Finite, ...]
    spending: Spending = "lan_demets_obrien_fleming"
    parameter: Finite | None = None
    futility: FutilitySchema | None = None
    resize: ResizeSchema | None = None
    selection: SelectionSchema | None = None
    allocation: AllocationSchema | None = None


def interim_from(block: InterimSchema) -> Interim:
    """Frozen value of the block."""
    parts = {"futility": Futility, "resize": Resize, "selection": Selection}
    parts["allocation"] = Allocation
    made = {
        name: None if (part := getattr(block, name)) is None else kind(**_given(part))
        for name, kind in parts.items()
    }
    return Interim(looks=block.looks, spending=block.spending, parameter=block.parameter, **made)


def _given(part: StrictModel) -> dict[str, object]:
    """Values of a part; what the file does not say keeps the default of the frozen value."""
    return {name: getattr(part, name) for name in part.model_fields_set}
