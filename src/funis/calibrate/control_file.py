"""`library/control_arms.yaml`: records that are one trial, its year, assumed numbers."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from funis.calibrate.settings import Scale
from funis.checks import StrictModel, read_yaml, validate

LIBRARY = Path(__file__).parents[1] / "library" / "control_arms.yaml"


class TrialRecords(StrictModel):
    """Records that belong to one trial, the year that its citation prints, whom it took."""

    disease: str
    trial: str = Field(min_length=1)
    rows: tuple[str, ...] = Field(min_length=1)
    year: int | None = Field(default=None, ge=1950, le=2100)
    template: str | None = None
    criteria: tuple[str, ...] = ()


class LeftOut(StrictModel):
    """A record that is no control arm of one trial, and why."""

    row: str
    reason: str = Field(min_length=1)


class Share(StrictModel):
    """A weight with its source."""

    weight: float = Field(ge=0, lt=1)
    source: str = Field(min_length=1)


class Ratio(StrictModel):
    """A ratio with its source."""

    ratio: float = Field(ge=1)
    source: str = Field(min_length=1)


class TrialsWorth(StrictModel):
    """A number of trials with its source."""

    trials: float = Field(ge=0)
    source: str = Field(min_length=1)


class MapNumbers(StrictModel):
    """Priors of the meta-analytic-predictive prior, in units of the spread between patients."""

    mean: Scale
    between: Scale
    vague: Share


class ControlFile(StrictModel):
    """The whole file."""

    trials: tuple[TrialRecords, ...]
    left_out: tuple[LeftOut, ...]
    map: MapNumbers
    weeks: Ratio
    drift: Scale
    mixture: TrialsWorth

    def trial_of(self, disease: str, record: str) -> TrialRecords:
        """Return the trial that a record belongs to: a record that is not named is its own."""
        head = record.split(": ")[0]
        for one in self.trials:
            if one.disease == disease and (record in one.rows or head in one.rows):
                return one
        name = record.split(": ")[-1] if ": " in record else record
        return TrialRecords(disease=disease, trial=name, rows=(record,))

    def reason(self, record: str) -> str | None:
        """Return why a record is left out, None where it is not."""
        known = {one.row: one.reason for one in self.left_out}
        return known.get(record) or known.get(record.split(": ")[0])


def load_control_file(path: Path = LIBRARY) -> ControlFile:
    """Read which records are one trial.

    Raises
    ------
    InputError
        Each fault with file and line.
    """
    return validate(ControlFile, read_yaml(path))
