"""`library/reconstruction.yaml`: what stands for what a published study says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, model_validator

from funis.checks import StrictModel, read_yaml, validate
from funis.protocol import CONTINUOUS, Intervention

LIBRARY = Path(__file__).parents[1] / "library" / "reconstruction.yaml"


class ProductEntry(StrictModel):
    """The product of the library that stands for a tissue."""

    product: str
    note: str | None = None


class LogNormal(StrictModel):
    """A number drawn where a study does not say it."""

    median: float = Field(gt=0)
    sd_log: float = Field(gt=0)
    source: str = Field(min_length=1)


class Levels(StrictModel):
    """A choice drawn where a study does not say it."""

    levels: tuple[float | str, ...]
    shares: tuple[float, ...]
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Levels:
        if len(self.levels) != len(self.shares) or abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError("a share for each level, with the sum 1")
        return self

    def at(self, luck: float) -> float | str:
        """Return the level at a number from 0 to 1."""
        total = 0.0
        for level, share in zip(self.levels, self.shares, strict=True):
            total += share
            if luck < total:
                return level
        return self.levels[-1]


class Unknown(StrictModel):
    """What is drawn where a study is silent, and in how many variants."""

    cells_per_kg: LogNormal
    infusions: Levels
    gap_day: Levels
    route: Levels
    variants: int = Field(ge=1)


class Cotreatment(StrictModel):
    """Another treatment: words that name it, and the drug that stands for it or why none does."""

    words: tuple[str, ...] = Field(min_length=1)
    give: str | None = None
    days: tuple[float, ...] = (0.0,)
    duration_day: float | None = Field(default=None, gt=0)
    continuous: bool = False
    otherwise: str | None = None
    note: str | None = None

    def intervention(self) -> Intervention:
        """Return what is given; days before randomisation are given at it."""
        days = tuple(dict.fromkeys(max(day, 0.0) for day in self.days))
        length = CONTINUOUS if self.continuous or self.duration_day is None else self.duration_day
        return Intervention(
            f"with_{self.give}", drug=self.give, dose=1.0, days=days, duration_day=length
        )


class PopulationEntry(StrictModel):
    """Words that say that a study's patients are like those of a trial of the library."""

    disease: str
    words: tuple[str, ...] = Field(min_length=1)
    trial: str


class ReconstructionFile(StrictModel):
    """The whole file."""

    routes: dict[str, tuple[str, ...]]
    unrepresented_routes: dict[str, str]
    products: dict[str, ProductEntry]
    unrepresented_products: dict[str, str]
    unknown: Unknown
    cotreatments: tuple[Cotreatment, ...]
    controls: tuple[str, ...]
    populations: tuple[PopulationEntry, ...]


@dataclass(frozen=True, slots=True)
class StandIns:
    """The file as it was read."""

    content: ReconstructionFile

    def population(self, disease: str, text: str) -> str | None:
        """Return the trial whose patients a text describes; None for those of the demo trial."""
        for entry in self.content.populations:
            if entry.disease == disease and _says(text, entry.words):
                return entry.trial
        return None

    def cotreatments(self, text: str) -> tuple[Cotreatment, ...]:
        """Return the other treatments that a text names."""
        return tuple(one for one in self.content.cotreatments if _says(text, one.words))


def load_stand_ins(path: Path = LIBRARY) -> StandIns:
    """Read the file that says what stands for what.

    Raises
    ------
    InputError
        Each fault with file and line.
    """
    return StandIns(validate(ReconstructionFile, read_yaml(path)))


def _says(text: str, words: tuple[str, ...]) -> bool:
    lower = text.lower()
    return any(word in lower for word in words)
