"""What the controls of a disease may hold: products, routes, traits, forms of the model, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from funis.checks import one_of
from funis.models import Model, disease_ids, load_model
from funis.plan.severity import BACKGROUND, traits
from funis.product import Product, library_product, library_products, usual_hold
from funis.protocol import Structure
from funis.protocol.structures import library_structures

LINEAR, GRADED = "linear", "graded"
SHAPES = (LINEAR, "dose_flat", "dose_emax_low", "dose_emax", "dose_emax_high", "dose_bell")
"""Dose shapes: the default, then structures of the library."""

MEMORIES = (GRADED, "bistable_memory")
POSTERIOR, LIBRARY, NONE = "posterior", "library", "none"
POTENCIES = (POSTERIOR, LIBRARY, NONE)
"""What cells do: a draw of the posterior a patient, the library's value, or nothing."""

DOSE_CELL, DOSE_PER_KG = (1e6, 1e9), (1e4, 1.5e7)
TIMES, EVERY_DAY, WEEKS, PATIENTS = (1, 12), (7, 182), (4, 104), (20, 400)
"""Least and most of each number that can be moved."""

SEXES: Mapping[str, str] = {"female": "female"}


@dataclass(frozen=True, slots=True)
class Trait:
    """A yes-or-no property of patients that a stratum may ask for."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list: its id, its name in words, and what it stands for."""

    id: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """A product that may be given: its tissue, and the usual and longest hold [minute]."""

    id: str
    name: str
    tissue: str
    usual_hold_minute: float
    longest_hold_minute: float


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that the controls of one disease may hold."""

    disease: str
    name: str
    diseases: tuple[Choice, ...]
    products: tuple[ProductChoice, ...]
    routes: tuple[Choice, ...]
    traits: tuple[Trait, ...]
    shapes: tuple[Choice, ...]
    memories: tuple[Choice, ...]
    potencies: tuple[Choice, ...]

    def product(self, name: str) -> ProductChoice:
        """Return a product by its id."""
        return next(one for one in self.products if one.id == name)


@cache
def explore_options(disease: str) -> Options:
    """Return what the controls of a disease may hold.

    Raises
    ------
    InputError
        A disease that the library does not have.
    """
    check_disease(disease)
    model = load_model(disease)
    return Options(
        disease, model.name, _diseases(), _products(), _routes(model), _traits(model),
        _forms(SHAPES, Choice(LINEAR, "Every cell does the same (default)")),
        _forms(MEMORIES, Choice(GRADED, "Graded: disease returns (default)")),
        (
            Choice(POSTERIOR, "Posterior, no effect included (default)",
                   "a draw a patient from what the published trials leave open"),
            Choice(LIBRARY, "Library's value", "no uncertainty of the cells"),
            Choice(NONE, "No effect (potency 0)", "cells that do nothing"),
        ),
    )  # fmt: skip


def check_disease(disease: str) -> None:
    """Refuse what is no disease of the library, folders included.

    Raises
    ------
    InputError
        One line with the nearest name.
    """
    one_of("disease", disease, disease_ids())


@cache
def _diseases() -> tuple[Choice, ...]:
    return tuple(Choice(name, load_model(name).name) for name in disease_ids())


@cache
def _products() -> tuple[ProductChoice, ...]:
    found = [library_product(name) for name in library_products()]
    return tuple(
        ProductChoice(one.id, one.name, one.tissue, usual_hold(one), _longest(one))
        for one in sorted(found, key=lambda one: one.tissue != "umbilical_cord")
    )


def _longest(product: Product) -> float:
    return product.viability[-1].hold_minute


def _routes(model: Model) -> tuple[Choice, ...]:
    cells = (given for given in model.inputs if given.kind == "cells")
    return tuple(Choice(one.id, model.in_words(one.description)) for one in cells)


def _traits(model: Model) -> tuple[Trait, ...]:
    """Return the columns of patients that are 0 or 1, those of the disease first."""
    columns = {column: name for name, column in model.covariates.items()}
    own = traits(model)
    others = [column for column in columns if column in SEXES or column.startswith(BACKGROUND)]
    return tuple(
        Trait(column, _trait_name(model, columns[column], column))
        for column in (*own, *others)
        if _is_yes_or_no(model, columns[column])
    )


def _is_yes_or_no(model: Model, name: str) -> bool:
    spread = model.parameter(name).distribution
    return spread is not None and spread.kind == "bernoulli"


def _trait_name(model: Model, name: str, column: str) -> str:
    words = model.parameter(name).name if name != column else None
    text = words or model.parameter(name).name or column.replace("_", " ")
    return text[:1].upper() + text[1:]


def _forms(names: tuple[str, ...], usual: Choice) -> tuple[Choice, ...]:
    return (usual, *(_form(library_structures()[name]) for name in names[1:]))


def _form(one: Structure) -> Choice:
    return Choice(one.id, one.title, one.question)
