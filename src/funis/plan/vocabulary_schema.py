"""The closed schemas of ``library/drug_names.yaml`` and ``library/consultation_words.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.plan.vocabulary import DrugKind

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class DrugClassSchema(StrictModel):
    """A class of drugs; a wash-out has a source."""

    name: Text
    kind: DrugKind
    wash_out_week: Positive | None = None
    source: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _sourced(self) -> DrugClassSchema:
        if self.wash_out_week is not None and self.source is None:
            raise InputError(
                Issue(None, None, "source", "a wash-out without a source", "where it was seen")
            )
        return self


class DrugSchema(StrictModel):
    """A drug with its class."""

    drug_class: Annotated[Name, Field(alias="class")]
    source: Text
    prednisone_equivalent: Positive | None = None
    note: Text | None = None


class DrugNamesSchema(StrictModel):
    """The file of drug names."""

    sources: dict[Name, Text]
    classes: dict[Name, DrugClassSchema]
    drugs: dict[Name, DrugSchema]


class LabSchema(StrictModel):
    """A laboratory test."""

    name: Text
    unit: Text
    low: Finite
    high: Finite


class WordsSchema(StrictModel):
    """The file of words."""

    comorbidities: dict[Name, Text]
    allergies: dict[Name, Text]
    goals: dict[Name, Text]
    criteria_met: dict[Name, Text]
    labs: dict[Name, LabSchema]
    units: tuple[Name, ...]
    tissues: tuple[Name, ...]
