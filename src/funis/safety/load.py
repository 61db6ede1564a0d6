"""Reads the adverse events of the library: what they are, and the pools computed for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from funis.checks import Document, Issue, IssueList, nearest, read_yaml, validate
from funis.checks.documents import KeyPath, dotted
from funis.evidence.meta import SHARES
from funis.safety.schema import (
    AssumedShareSchema,
    FoundSchema,
    HazardSchema,
    SafetySchema,
    SpellSchema,
    TermSchema,
)
from funis.safety.values import (
    DoseLimiting,
    Hazard,
    Modifier,
    Pool,
    Ratio,
    Safety,
    Spell,
    Term,
)

LIBRARY = Path(__file__).parents[1] / "library" / "safety.yaml"
POOLS = "safety_pools.yaml"
WIDTH = 2 * 1.959963984540054
"""Standard deviations between the ends of a 95 % interval."""


@cache
def library_safety() -> Safety:
    """Return the adverse events of the library."""
    return load_safety_file(LIBRARY)


def load_safety_file(path: str | Path, pools: str | Path | None = None) -> Safety:
    """Read a file of adverse events and the pools beside it.

    Parameters
    ----------
    path
        ``safety.yaml``.
    pools
        ``safety_pools.yaml``; the one in the same folder where it is None.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    document = read_yaml(path)
    asked = validate(SafetySchema, document)
    place = Path(path).parent / POOLS if pools is None else Path(pools)
    computed = read_yaml(place)
    found = validate(FoundSchema, computed)
    IssueList((*safety_issues(document, asked), *_missing(computed, asked, found))).raise_errors()
    return _safety(asked, found)


def safety_issues(document: Document, asked: SafetySchema) -> Iterator[Issue]:
    """Return every name in a file of adverse events that does not exist in it."""
    for name, pool in asked.pools.items():
        for place, word in enumerate(pool.nothing):
            at: KeyPath = ("pools", name, "nothing", place)
            yield from _known(document, at, word, asked.nothing, "list of words")
    for name, term in asked.terms.items():
        for at, hazard in _hazards(name, term):
            if hazard.risk is not None:
                yield from _known(document, (*at, "risk"), hazard.risk, asked.pools, "pool")
                if hazard.risk in asked.pools and asked.pools[hazard.risk].held_out:
                    yield _issue(document, (*at, "risk"), f"'{hazard.risk}' is held out", "another")
            if hazard.ratio is not None:
                yield from _known(document, (*at, "ratio"), hazard.ratio, asked.ratios, "ratio")
    for name, modifier in asked.modifiers.items():
        for place, word in enumerate(modifier.terms):
            yield from _known(
                document, ("modifiers", name, "terms", place), word, asked.terms, "term"
            )


def _hazards(name: str, term: TermSchema) -> Iterator[tuple[KeyPath, HazardSchema]]:
    for place, hazard in enumerate(term.after):
        yield ("terms", name, "after", place), hazard
    for place, hazard in enumerate(term.over_time):
        yield ("terms", name, "over_time", place), hazard


def _known(
    document: Document, at: KeyPath, word: str, names: Mapping[str, object], what: str
) -> Iterator[Issue]:
    if word not in names:
        expected = "one of " + ", ".join(names)
        yield _issue(document, at, f"unknown {what} '{word}'", expected, nearest(word, list(names)))


def _issue(
    document: Document, at: KeyPath, message: str, expected: str, near: str | None = None
) -> Issue:
    return Issue(document.file, document.line(at), dotted(at), message, expected, near)


def _missing(document: Document, asked: SafetySchema, found: FoundSchema) -> Iterator[Issue]:
    for kind, names, there in (
        ("pools", asked.pools, set(found.pools)),
        ("ratios", asked.ratios, set(found.ratios)),
    ):
        for name in names:
            if name not in there:
                yield _issue(
                    document, (kind,), f"'{name}' was not computed", "funis safety --refit"
                )


def _safety(asked: SafetySchema, found: FoundSchema) -> Safety:
    pools = {
        name: Pool(
            id=name, title=one.title, of=one.of, held_out=one.held_out, note=one.note,
            **found.pools[name].model_dump(),
        )
        for name, one in asked.pools.items()
    }  # fmt: skip
    ratios = {
        name: Ratio(
            id=name, held_out=one.held_out, note=one.note, **found.ratios[name].model_dump()
        )
        for name, one in asked.ratios.items()
    }
    return Safety(
        terms={name: _term(name, one, pools, ratios) for name, one in asked.terms.items()},
        pools=pools,
        ratios=ratios,
        modifiers={
            name: Modifier(id=name, **one.model_dump()) for name, one in asked.modifiers.items()
        },
        dose_limiting=DoseLimiting(**asked.dose_limiting.model_dump()),
        grading=asked.grading.scale,
    )


def _term(
    name: str, one: TermSchema, pools: Mapping[str, Pool], ratios: Mapping[str, Ratio]
) -> Term:
    return Term(
        id=name,
        title=one.title,
        ctcae=one.ctcae,
        expected=one.expected,
        once=one.once,
        allogeneic_only=one.allogeneic_only,
        grades=one.grades.shares,
        grade_status=one.grades.status,
        grade_note=one.grades.note,
        serious_share=0.0 if one.serious_share is None else one.serious_share.value,
        onset=_spell(one.onset_hour),
        lasts=_spell(one.lasts_hour),
        after=tuple(_hazard(name, hazard, pools, ratios) for hazard in one.after),
        over_time=tuple(_hazard(name, hazard, pools, ratios) for hazard in one.over_time),
    )


def _spell(one: SpellSchema | None) -> Spell | None:
    return None if one is None else Spell(one.range[0], one.range[1], one.status, one.source)


def _hazard(
    term: str, one: HazardSchema, pools: Mapping[str, Pool], ratios: Mapping[str, Ratio]
) -> Hazard:
    risk = pools[one.risk] if one.risk is not None else None
    assumed = one.assumed
    if risk is None:
        assert one.share is not None
        risk, assumed = _assumed_pool(term, one.share), one.share.note
    ratio = None if one.ratio is None else ratios[one.ratio]
    return Hazard(one.routes, risk, ratio, one.predicted, assumed, one.note, one.diseases)


def _assumed_pool(term: str, share: AssumedShareSchema) -> Pool:
    """Return an assumed risk without cells as a pool without rows."""
    low, middle, high = (math.log(x / (1 - x)) for x in (share.low, share.value, share.high))
    spread = (high - low) / WIDTH
    quantiles = tuple(middle + spread * float(z) for z in ndtri(np.asarray(SHARES)))
    return Pool(
        f"assumed_{term}", "assumed", "procedure", "logit", quantiles, share.value, share.low,
        share.high, 1.0, spread, 0, 0, 0, None, (),
    )  # fmt: skip
