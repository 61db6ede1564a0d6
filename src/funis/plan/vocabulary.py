"""The closed words of a consultation and the names of drugs, read from the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from funis.checks import Document, InputError, Issue, IssueList, nearest, read_yaml, validate
from funis.checks.documents import dotted
from funis.models import library_folder

if TYPE_CHECKING:
    from funis.plan.vocabulary_schema import DrugNamesSchema

DrugKind = Literal[
    "biologic", "targeted", "immunomodulator", "conventional", "cytotoxic", "glucocorticoid",
    "symptomatic", "hormone", "antithrombotic",
]  # fmt: skip
ADVANCED = ("biologic", "targeted")
"""Kinds of drugs whose failures count as prior failures in the models."""


@dataclass(frozen=True, slots=True)
class DrugClass:
    """A class of drugs; ``wash_out_week`` is the time off it that trials of cells asked for."""

    id: str
    name: str
    kind: DrugKind
    wash_out_week: float | None
    source: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug by its common name; ``prednisone_equivalent`` is mg of prednisone per mg."""

    name: str
    drug_class: str
    source: str
    prednisone_equivalent: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Drugs:
    """All drugs that a consultation may name, and their classes."""

    classes: Mapping[str, DrugClass]
    drugs: Mapping[str, Drug]

    @property
    def names(self) -> tuple[str, ...]:
        """Drugs, then classes."""
        return (*self.drugs, *self.classes)

    def class_of(self, name: str) -> DrugClass | None:
        """Class of a drug, or the class of this id; None for an unknown name."""
        drug = self.drugs.get(name)
        return self.classes.get(name if drug is None else drug.drug_class)


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory test: its unit, and the range in which a value can lie."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Words:
    """The words that a consultation may use, each with what it stands for."""

    comorbidities: Mapping[str, str]
    allergies: Mapping[str, str]
    goals: Mapping[str, str]
    criteria_met: Mapping[str, str]
    labs: Mapping[str, Lab]
    units: tuple[str, ...]
    tissues: tuple[str, ...]


def load_drugs(path: str | Path) -> Drugs:
    """Read a file of drug names.

    Raises
    ------
    InputError
        A class or a source that is named and not there, with file, line and nearest name.
    """
    from funis.plan.vocabulary_schema import DrugNamesSchema

    document = read_yaml(path)
    read = validate(DrugNamesSchema, document)
    _check_names(read, document).raise_errors()

    def source(name: str | None) -> str | None:
        return None if name is None else read.sources.get(name, name)

    return Drugs(
        {
            name: DrugClass(
                name, one.name, one.kind, one.wash_out_week, source(one.source), one.note
            )
            for name, one in read.classes.items()
        },
        {
            name: Drug(
                name, one.drug_class, source(one.source) or "", one.prednisone_equivalent, one.note
            )
            for name, one in read.drugs.items()
        },
    )


def load_words(path: str | Path) -> Words:
    """Read the words of consultations.

    Raises
    ------
    InputError
        What is wrong with the file.
    """
    from funis.plan.vocabulary_schema import WordsSchema

    read = validate(WordsSchema, read_yaml(path))
    labs = {name: Lab(lab.name, lab.unit, lab.low, lab.high) for name, lab in read.labs.items()}
    return Words(
        read.comorbidities, read.allergies, read.goals, read.criteria_met, labs,
        read.units, read.tissues,
    )  # fmt: skip


@lru_cache(maxsize=1)
def library_drugs() -> Drugs:
    """Drug names of the library."""
    return load_drugs(library_folder() / "drug_names.yaml")


@lru_cache(maxsize=1)
def library_words() -> Words:
    """Words of consultations of the library."""
    return load_words(library_folder() / "consultation_words.yaml")


def _check_names(read: DrugNamesSchema, document: Document) -> IssueList:
    """Every class of a drug exists, and no drug bears the name of another class."""
    issues = []
    for name, one in read.drugs.items():
        if one.drug_class not in read.classes:
            at = ("drugs", name, "class")
            message = f"unknown class '{one.drug_class}'"
            near = nearest(one.drug_class, list(read.classes))
            line = document.line(at)
            issues.append(Issue(document.file, line, dotted(at), message, "a class", near))
        elif name in read.classes and name != one.drug_class:
            at = ("drugs", name, "class")
            message = f"'{name}' is a class too"
            issues.append(Issue(document.file, document.line(at), dotted(at), message, name))
    return IssueList(issues)


def unknown_word(name: str, known: Mapping[str, object] | tuple[str, ...], what: str) -> InputError:
    """Error for a word that is not in the vocabulary, for a validator of a schema to raise."""
    near = nearest(name, list(known))
    expected = "one of " + ", ".join(known) if len(known) <= 20 else None
    return InputError(Issue(None, None, None, f"unknown {what} '{name}'", expected, near))
