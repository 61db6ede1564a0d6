"""What the register asks the model of one disease, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from funis.checks import InputError, Issue, nearest
from funis.claims.register import (
    Claim,
    EffectPart,
    Felt,
    LastingPart,
    MeasuredPart,
    Register,
    SharePart,
)
from funis.models import disease_ids


@dataclass(frozen=True, slots=True, order=True)
class EffectAsked:
    """An outcome under an arm of a trial of the library."""

    trial: str
    arm: str
    endpoint: str
    measure: Literal["responder", "change", "value", "rate"]
    week: float


@dataclass(frozen=True, slots=True, order=True)
class TwinsAsked:
    """An arm whose patients are followed beside their untreated twins, for years."""

    trial: str
    arm: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that is asked of one disease.

    Attributes
    ----------
    observables : tuple of str
        Outputs of the model, under the first of the arms of ``lasting``.
    felt : Felt or None
        What accounts are of; None where they are not asked for.
    """

    disease: str
    effects: tuple[EffectAsked, ...]
    lasting: tuple[TwinsAsked, ...]
    observables: tuple[str, ...]
    felt: Felt | None


def asked_of(register: Register, claims: Sequence[Claim]) -> tuple[Asked, ...]:
    """Return what some claims ask, disease by disease; those that ask nothing are left out.

    A mechanism is asked of every disease, under the arm whose effect is said to last.
    """
    parts = [part for claim in claims for part in claim.parts]
    seen = {p.observable for p in parts if isinstance(p, MeasuredPart) and p.observable}
    told = any(part.rule == "testimony" for part in parts)
    found = []
    for disease in disease_ids():
        asked = Asked(
            disease,
            tuple(sorted({e for e in map(effect_asked, parts) if e and _of(e, disease, parts)})),
            _twins(register, parts, disease, bool(seen)),
            tuple(sorted(seen)),
            register.testimony.diseases.get(disease) if told else None,
        )
        if asked.effects or asked.lasting or asked.felt:
            found.append(asked)
    return tuple(found)


def effect_asked(part: object) -> EffectAsked | None:
    """Return what a part asks of a trial; None for one that asks nothing."""
    if isinstance(part, SharePart):
        return EffectAsked(part.trial, part.arm, part.endpoint, "responder", part.week)
    if isinstance(part, EffectPart) and part.trial and part.arm:
        return EffectAsked(part.trial, part.arm, part.endpoint, part.measure, part.week)
    return None


def _of(asked: EffectAsked, disease: str, parts: Sequence[object]) -> bool:
    return any(
        isinstance(part, EffectPart | SharePart)
        and part.disease == disease
        and effect_asked(part) == asked
        for part in parts
    )


def _twins(
    register: Register, parts: Sequence[object], disease: str, seen: bool
) -> tuple[TwinsAsked, ...]:
    every = [part for claim in register.claims for part in claim.parts] if seen else parts
    return tuple(
        TwinsAsked(part.trial, part.arm)
        for part in every
        if isinstance(part, LastingPart) and part.disease == disease
    )


def known_disease(disease: str | None) -> tuple[str, ...]:
    """Return the diseases that are meant.

    Raises
    ------
    InputError
        No such disease.
    """
    known = disease_ids()
    if disease is None:
        return tuple(known)
    if disease not in known:
        expected = f"one of {', '.join(known)}"
        message = f"unknown disease '{disease}'"
        raise InputError(Issue(None, None, None, message, expected, nearest(disease, known)))
    return (disease,)
