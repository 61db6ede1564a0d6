"""`library/calibration.yaml`: what calibration may change and how uncertain it is before."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from funis.checks import StrictModel, read_yaml, validate

LIBRARY = Path(__file__).parents[1] / "library" / "calibration.yaml"


class Prior(StrictModel):
    """A factor on a parameter of the library, log-normal around 1; 0 with some probability.

    Beyond ``most`` it is not believed; studies are simulated there too, so that surfaces hold.
    """

    parameter: str
    stage: int = Field(ge=1, le=3)
    sd_log: float = Field(gt=0)
    no_effect: float = Field(default=0.0, ge=0, lt=1)
    most: float | None = Field(default=None, gt=1, repr=False)
    why: str
    source: str = Field(min_length=1)


class Scale(StrictModel):
    """Scale of a half-normal prior."""

    scale: float = Field(gt=0)
    source: str = Field(min_length=1)


class Within(StrictModel):
    """Correlation of sampling errors."""

    correlation: float = Field(ge=0, lt=1)
    source: str = Field(min_length=1)


class Bias(StrictModel):
    """A normal prior on what a design adds towards improvement."""

    mean: float
    sd: float = Field(gt=0)
    source: str = Field(min_length=1)


class Sum(StrictModel):
    """Parameters whose sum has an upper limit; those that a disease lacks count as 0."""

    sum: tuple[str, ...] = Field(min_length=1)
    most: float
    why: str = Field(min_length=1)


class Heterogeneity(StrictModel):
    """How much studies differ."""

    study: Scale
    row: Scale
    within: Within
    other_treatment: Scale
    discrepancy: Scale


class Biases(StrictModel):
    """What designs add."""

    open_label: Bias
    single_arm: Bias


class Doubt(StrictModel):
    """A study that counts for less than its size: its variances are multiplied."""

    variance: float = Field(ge=1)
    why: str = Field(min_length=1)


class CalibrationFile(StrictModel):
    """The whole file."""

    core: tuple[Prior, ...]
    diseases: dict[str, tuple[Prior, ...]] = Field(default_factory=dict)
    limits: tuple[Sum, ...] = ()
    heterogeneity: Heterogeneity
    bias: Biases
    studies: dict[str, Doubt] = Field(default_factory=dict)


class Settings:
    """The file for one disease."""

    def __init__(self, content: CalibrationFile, disease: str) -> None:
        self.priors = (*content.core, *content.diseases.get(disease, ()))
        self.study_scale = content.heterogeneity.study.scale
        self.row_scale = content.heterogeneity.row.scale
        self.within = content.heterogeneity.within.correlation
        self.other_treatment = content.heterogeneity.other_treatment.scale
        self.discrepancy = content.heterogeneity.discrepancy.scale
        self.limits = content.limits
        self.open_label = content.bias.open_label
        self.single_arm = content.bias.single_arm
        self.doubts = content.studies

    def stage(self, number: int) -> tuple[Prior, ...]:
        """Return the priors of one stage."""
        return tuple(prior for prior in self.priors if prior.stage == number)


def load_settings(disease: str, path: Path = LIBRARY) -> Settings:
    """Read what calibration may change in a disease.

    Raises
    ------
    InputError
        Each fault with file and line.
    """
    return Settings(validate(CalibrationFile, read_yaml(path)), disease)
