"""Read the general criteria of eligibility, and what a drug does to the cells in the model."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from funis.checks import (
    Document,
    Expression,
    InputError,
    Issue,
    IssueList,
    StrictModel,
    nearest,
    parse_expression,
    read_yaml,
    validate,
)
from funis.checks.documents import KeyPath, dotted
from funis.models import library_folder
from funis.plan.facts import ROUTE, general_names
from funis.plan.vocabulary import library_drugs

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Status = Literal["seen", "adapted", "assumed"]


@dataclass(frozen=True, slots=True)
class GeneralCriterion:
    """A criterion beside those of the trial.

    Attributes
    ----------
    id, text : str
        What it asks, in words.
    expression : Expression
        What has to hold.
    applies : Expression or None
        When it is asked at all, such as for one route.
    unless : str or None
        Name that a criterion of the trial asks for, which then stands in the place of this one.
    status : {"seen", "adapted", "assumed"}
        Whether the source prints this criterion, something like it, or nothing.
    source, note : str
    """

    id: str
    text: str
    expression: Expression
    applies: Expression | None
    unless: str | None
    status: Status
    source: str
    note: str | None

    @property
    def origin(self) -> str:
        """Source, status and note in one line."""
        words = self.source if self.status == "seen" else f"{self.status}: {self.source}"
        words = words.replace("assumed: assumed", "assumed")
        return words if self.note is None else f"{words} ({self.note})"


@dataclass(frozen=True, slots=True)
class DrugEffect:
    """An output of the model that a class of drugs moves."""

    drug_class: str
    output: str
    text: str
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class EligibilityRules:
    """What the file of eligibility holds."""

    criteria: tuple[GeneralCriterion, ...]
    effects: tuple[DrugEffect, ...]


class _CriterionSchema(StrictModel):
    id: Name
    text: Text
    expression: Text
    applies: Text | None = None
    unless: Name | None = None
    status: Status
    source: Text
    note: Text | None = None


class _EffectSchema(StrictModel):
    drug_class: Name
    output: Name
    text: Text
    unit: Text
    source: Text


class _FileSchema(StrictModel):
    criteria: tuple[_CriterionSchema, ...]
    effects: tuple[_EffectSchema, ...] = ()


def load_rules(path: str | Path, routes: Collection[str] | None = None) -> EligibilityRules:
    """Read a file of general criteria.

    Parameters
    ----------
    path
        The file.
    routes
        Routes that there are; where none are given, any name will do for one.

    Raises
    ------
    InputError
        A name that no consultation has, a criterion that stands twice, an unknown class of drugs.
    """
    document = read_yaml(path)
    read = validate(_FileSchema, document)
    known = (*general_names(), *_routes(read, routes))
    _check(read, document).raise_errors()
    return EligibilityRules(
        tuple(_criterion(one, place, document, known) for place, one in enumerate(read.criteria)),
        tuple(DrugEffect(**one.model_dump()) for one in read.effects),
    )


@lru_cache(maxsize=1)
def library_rules() -> EligibilityRules:
    """General criteria of the library."""
    return load_rules(library_folder() / "eligibility.yaml")


def _routes(read: _FileSchema, routes: Collection[str] | None) -> list[str]:
    """Names of routes that criteria may use: the known ones, else whatever the file names."""
    if routes is not None:
        return [f"{ROUTE}{name}" for name in routes]
    text = " ".join(one.applies or "" for one in read.criteria)
    return sorted(set(re.findall(rf"\b{ROUTE}\w+", text)))


def _criterion(
    one: _CriterionSchema, place: int, document: Document, known: tuple[str, ...]
) -> GeneralCriterion:
    def parsed(key: str, text: str) -> Expression:
        at: KeyPath = ("criteria", place, key)
        found = parse_expression(text, known, document.file, document.line(at), dotted(at))
        if not found.is_truth:
            message = f"'{text}' is a number"
            line = document.line(at)
            raise InputError(Issue(document.file, line, dotted(at), message, "a condition"))
        return found

    applies = None if one.applies is None else parsed("applies", one.applies)
    return GeneralCriterion(
        one.id, one.text, parsed("expression", one.expression), applies, one.unless, one.status,
        one.source, one.note,
    )  # fmt: skip


def _check(read: _FileSchema, document: Document) -> IssueList:
    issues, seen, classes = [], set(), library_drugs().classes
    for place, one in enumerate(read.criteria):
        if one.id in seen:
            at: KeyPath = ("criteria", place, "id")
            message = f"the criterion '{one.id}' stands twice"
            issues.append(Issue(document.file, document.line(at), dotted(at), message))
        seen.add(one.id)
    for place, effect in enumerate(read.effects):
        if effect.drug_class not in classes:
            at = ("effects", place, "drug_class")
            message = f"unknown class '{effect.drug_class}'"
            near = nearest(effect.drug_class, list(classes))
            line = document.line(at)
            issues.append(Issue(document.file, line, dotted(at), message, "a class", near))
    return IssueList(issues)
