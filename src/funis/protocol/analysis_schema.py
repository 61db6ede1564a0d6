"""The closed schema of what a trial file says on its analyses."""

from typing import Annotated, Literal

from pydantic import Field

from funis.checks import StrictModel
from funis.protocol.analyses import Adjustment, Filling, MethodSummary

Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class MultiplicitySchema(StrictModel):
    """How p values are adjusted."""

    method: Adjustment
    weights: tuple[Share, ...] = ()
    transitions: tuple[tuple[Share, ...], ...] = ()


class FurtherSchema(StrictModel):
    """One more endpoint of the success rule."""

    endpoint: Word
    week: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    measure: MethodSummary
    direction: Literal["greater", "less"]
    minimal_difference: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    method: Word | None = None


class SensitivitySchema(StrictModel):
    """A sensitivity analysis."""

    endpoint: Word
    week: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    method: Word | None = None
    missing: Filling = "observed"
    delta: Finite | None = None
