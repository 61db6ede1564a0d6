"""The register of claims: what is claimed, what stands for it, what could refute it.

``library/claims.yaml`` holds no verdict: those are computed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from funis.checks import Document, InputError, Issue, StrictModel, nearest, read_yaml, validate
from funis.checks.documents import KeyPath, dotted
from funis.models import disease_ids

LIBRARY = Path(__file__).parents[1] / "library" / "claims.yaml"

Kind = Literal["efficacy", "mechanism", "product", "practice", "safety", "wording"]
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[tuple[Share, ...], Field(min_length=2, max_length=2)]


class _Part(StrictModel):
    part: Text


class EffectPart(_Part):
    """An outcome that cells are said to move; ``trial`` and ``arm`` say where the model is asked.

    An outcome that the disease cannot measure names neither. ``stops`` claims that it does not get
    worse any more.
    """

    rule: Literal["effect"]
    disease: Text
    endpoint: Text
    measure: Literal["responder", "change", "value", "rate"] = "change"
    better: Literal["higher", "lower"]
    week: Annotated[float, Field(gt=0)]
    trial: Text | None = None
    arm: Text | None = None
    stops: bool = False


class SharePart(_Part):
    """A share of patients that is said to respond."""

    rule: Literal["share"]
    disease: Text
    endpoint: Text
    week: Annotated[float, Field(gt=0)]
    trial: Text
    arm: Text
    claimed: Shares


class LastingPart(_Part):
    """An improvement that is said to last after the last cell has died."""

    rule: Literal["lasting"]
    disease: Text
    trial: Text
    arm: Text


class MeasuredPart(_Part):
    """An observable of the model, and the names under which people measured it."""

    rule: Literal["measured"]
    observable: Text | None = None
    direction: Literal["higher", "lower"]
    names: tuple[Text, ...] = ()


class ComparisonPart(_Part):
    """A property of cells of one tissue against another, in the laboratory."""

    rule: Literal["comparison"]
    quantity: Text
    of: Text
    against: Text
    direction: Literal["higher", "lower"]


class ExpectedHarmPart(_Part):
    """Adverse events that the claim admits."""

    rule: Literal["expected harm"]
    terms: Annotated[tuple[Text, ...], Field(min_length=1)]


class OtherHarmPart(_Part):
    """All other adverse events, and the ratio that has to be excluded."""

    rule: Literal["other harm"]
    besides: tuple[Text, ...]
    margin: Annotated[float, Field(gt=1)]
    source: Text


class RatePart(_Part):
    """A share that was measured, and the most that the claim allows."""

    rule: Literal["rate"]
    study: Text
    term: Text
    at_most: Share | None = None


class AccountsPart(_Part):
    """Accounts of improvement."""

    rule: Literal["testimony"]
    disease: Text
    claimed: Shares


class RoutePart(_Part):
    """A wording about the burden of a procedure."""

    rule: Literal["routes"]
    invasive: tuple[Text, ...]


class PracticePart(_Part):
    """What funis needs to have for a practice: ``module:name``, ``protocol:id``, ``route:id``."""

    rule: Literal["practice"]
    needs: Annotated[tuple[Text, ...], Field(min_length=1)]


Part = Annotated[
    EffectPart | SharePart | LastingPart | MeasuredPart | ComparisonPart | ExpectedHarmPart
    | OtherHarmPart | RatePart | AccountsPart | RoutePart | PracticePart,
    Field(discriminator="rule"),
]  # fmt: skip


class Claim(StrictModel):
    """One row: the claim in the words of its source, its parts, the datum that could refute it."""

    row: Annotated[int, Field(ge=1)]
    id: Text
    claim: Text
    where: Text
    kind: Kind
    recipes: tuple[Text, ...] = ()
    parts: tuple[Part, ...]
    refuted_by: Text
    note: Text | None = None


class Felt(StrictModel):
    """What patients of a disease would call an improvement, and when they are asked."""

    trial: Text
    endpoint: Text
    week: Annotated[float, Field(gt=0)]
    felt: bool
    note: Text | None = None


class Ratio(StrictModel):
    """How many times as often the improved tell as the others."""

    value: Annotated[float, Field(gt=0)]
    status: Text
    source: Text | None = None
    note: Text | None = None


class Accounts(StrictModel):
    """How accounts arise."""

    telling: Ratio
    published: Ratio
    diseases: dict[Text, Felt]


class Register(StrictModel):
    """The whole file."""

    claims: tuple[Claim, ...]
    testimony: Accounts


def load_register(path: Path = LIBRARY) -> Register:
    """Read a register of claims.

    Raises
    ------
    InputError
        Each fault with file and line: an unknown key, rule or disease, a row that stands twice.
    """
    document = read_yaml(path)
    register = validate(Register, document)
    faults = [
        *_repeated(register, document),
        *_empty(register, document),
        *_unknown(register, document),
    ]
    if faults:
        raise InputError(faults)
    return register


@cache
def library_register() -> Register:
    """Return the register of the library."""
    return load_register()


def claim_of(register: Register, row: int) -> Claim:
    """Return a claim by its row.

    Raises
    ------
    InputError
        No such row.
    """
    for claim in register.claims:
        if claim.row == row:
            return claim
    rows = [claim.row for claim in register.claims]
    expected = f"a row from {min(rows)} to {max(rows)}"
    raise InputError(Issue(None, None, "row", f"no claim has the row {row}", expected))


def _repeated(register: Register, document: Document) -> list[Issue]:
    rows = [claim.row for claim in register.claims]
    return [
        _issue(
            document, ("claims", place, "row"), f"the row {row} stands here twice", "its own row"
        )
        for place, row in enumerate(rows)
        if row in rows[:place]
    ]


def _empty(register: Register, document: Document) -> list[Issue]:
    return [
        _issue(document, ("claims", place, "parts"), "the claim has no part", "at least one part")
        for place, claim in enumerate(register.claims)
        if not claim.parts
    ]


def _unknown(register: Register, document: Document) -> list[Issue]:
    known = disease_ids()
    expected = f"one of {', '.join(known)}"
    places: list[tuple[KeyPath, str]] = [
        (("claims", number, "parts", place, "disease"), part.disease)
        for number, claim in enumerate(register.claims)
        for place, part in enumerate(claim.parts)
        if isinstance(part, EffectPart | SharePart | LastingPart | AccountsPart)
    ]
    places += [(("testimony", "diseases", name), name) for name in register.testimony.diseases]
    return [
        _issue(document, path, f"unknown disease '{name}'", expected, nearest(name, known))
        for path, name in places
        if name not in known
    ]


def _issue(
    document: Document, path: KeyPath, message: str, expected: str, near: str | None = None
) -> Issue:
    return Issue(document.file, document.line(path), dotted(path), message, expected, near)
