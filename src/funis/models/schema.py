"""The closed schema of `parameters.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from funis.checks import StrictModel


class Distribution(StrictModel):
    """Spread of a parameter between patients; the row's `value` is the median."""

    kind: Literal[
        "fixed", "normal", "lognormal", "logitnormal", "bernoulli", "categorical", "uniform"
    ]
    sd: float | None = Field(default=None, ge=0)
    low: float | None = None
    high: float | None = None
    levels: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()


class ParameterRow(StrictModel):
    """One parameter: nothing without a status and a source."""

    value: float
    unit: str
    status: Literal["measured", "derived", "calibrated", "assumed"]
    source: str = Field(min_length=1)
    name: str | None = None
    where: str | None = None
    note: str | None = None
    distribution: Distribution | None = None


class Target(StrictModel):
    """A moment of the pool of virtual patients."""

    name: str
    mean: float
    sd: float | None = None
    source: str = Field(min_length=1)


class ParameterFile(StrictModel):
    """A whole `parameters.yaml`."""

    parameters: dict[str, ParameterRow]
    covariates: dict[str, str] = Field(default_factory=dict)
    correlations: tuple[tuple[str, str, float], ...] = ()
    bounds: dict[str, tuple[float, float]] = Field(default_factory=dict)
    targets: tuple[Target, ...] = ()
