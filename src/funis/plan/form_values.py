"""The form of a consultation as frozen values: groups of fields, each with range, words and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldKind = Literal[
    "number", "yes_no", "presence", "choice", "words", "band", "medication", "infusions"
]
"""``yes_no`` is true or false, ``presence`` 1 or 0; ``words`` are several of a closed list,
``band`` is a band of weights; ``medication`` and ``infusions`` are rows of several parts."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a closed list, and how it is read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing that a consultation asks; there is no field that takes free text.

    Attributes
    ----------
    key : str
        Path in the consultation, such as ``severity.crp``.
    label : str
    kind : str
    unit : str or None
    low, high, step : float or None
        Range of a number, and what it is rounded to.
    choices : tuple of Choice
        Of a choice, of words, or of the drugs and tissues of rows.
    units : tuple of Choice
        Units of a dose.
    help : str or None
    asked_by : tuple of str
        Criteria of the protocol and of the general set that ask for it, in words.
    used_for : tuple of str
        What else it changes.
    required : bool
    """

    key: str
    label: str
    kind: FieldKind
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[Choice, ...] = ()
    units: tuple[Choice, ...] = ()
    help: str | None = None
    asked_by: tuple[str, ...] = ()
    used_for: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class FormGroup:
    """Fields that belong together; ``folded`` ones are not asked of everybody."""

    id: str
    title: str
    fields: tuple[FormField, ...]
    help: str | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a disease, with what one protocol asks."""

    disease: str
    name: str
    groups: tuple[FormGroup, ...]

    @property
    def fields(self) -> tuple[FormField, ...]:
        """All fields, in order."""
        return tuple(one for group in self.groups for one in group.fields)
