"""Competing structures of a disease: what each asks, what it changes, what it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funis.models import Model
from funis.pipeline.model_view.arrows import Arrow
from funis.pipeline.model_view.equations import Equation
from funis.protocol import Structure, library_structures
from funis.trial import has_structure

WEIGHT = "not weighed"
"""What is said of the weight of a structure: published data settle none, none is averaged in."""


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter that a structure sets, and the equations that it stands in."""

    parameter: str
    name: str
    default: float
    value: float
    equations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One structure.

    Attributes
    ----------
    weight : its weight, in words.
    woken : influences that act under it and not by default.
    difference, moved : of the demo trial under it, as the credibility page has them; or None.
    """

    id: str
    title: str
    question: str
    default: str
    weight: str
    changes: tuple[Change, ...]
    woken: tuple[Arrow, ...]
    difference: str | None
    moved: str | None
    sources: tuple[str, ...]
    note: str | None


def structures_of(model: Model) -> tuple[Structure, ...]:
    """Return the structures of the library that a disease has the parameters of."""
    return tuple(one for one in library_structures().values() if has_structure(model, one))


def forms(
    model: Model, written: Sequence[Equation], arrows: Sequence[Arrow],
    moved: Mapping[str, tuple[str, str]],
) -> tuple[Form, ...]:  # fmt: skip
    """Return the structures of a disease in the order of the library."""
    return tuple(_form(model, one, written, arrows, moved) for one in structures_of(model))


def _form(
    model: Model, one: Structure, written: Sequence[Equation], arrows: Sequence[Arrow],
    moved: Mapping[str, tuple[str, str]],
) -> Form:  # fmt: skip
    difference, move = moved.get(one.id, (None, None))
    changes = []
    for name, value in one.parameters.items():
        known = model.parameter(name)
        uses = tuple(equation.id for equation in written if name in equation.parameters)
        changes.append(Change(name, known.name, known.value, value, uses))
    return Form(
        one.id, one.title, one.question, one.default, WEIGHT, tuple(changes),
        tuple(arrow for arrow in arrows if one.id in arrow.structures), difference, move,
        tuple(one.sources), one.note,
    )  # fmt: skip
