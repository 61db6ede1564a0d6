"""Claims as plain data, for a JSON document."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from funis.claims.values import Chain
from funis.pipeline.claims.judge import ClaimResult, PartResult, recipes
from funis.pipeline.claims.testimony import needed
from funis.pipeline.run import finite
from funis.report import RESEARCH_USE


def claims_document(found: Sequence[ClaimResult]) -> dict[str, Any]:
    """Return judged claims as plain data; what is not a number is None."""
    return {
        "research_use": RESEARCH_USE,
        "claims": [finite(_claim(one)) for one in found],
        "claims_under_test": [
            {"id": one.id, "disease": one.disease, "title": one.title, "source": one.source}
            for one in recipes()
        ],
    }


def accounts_document(found: Sequence[Chain]) -> dict[str, Any]:
    """Return how accounts arise as plain data."""
    return {
        "research_use": RESEARCH_USE,
        "diseases": [
            finite({**dataclasses.asdict(one), "ratio_needed_for_60_and_90": needed(one)})
            for one in found
        ],
    }


def _claim(result: ClaimResult) -> dict[str, Any]:
    claim = result.claim
    asked, supported = result.model
    return {
        "row": claim.row,
        "id": claim.id,
        "claim": claim.claim,
        "where": claim.where,
        "kind": claim.kind,
        "recipes": list(claim.recipes),
        "verdict": result.verdict,
        "randomised_patients": result.randomised,
        "randomised_patients_cord": result.randomised_cord,
        "model": {
            "parts_asked": asked,
            "parts_supported": supported,
            "at_potency_0": result.at_zero,
        },
        "refuted_by": claim.refuted_by,
        "note": claim.note,
        "own_studies": list(result.own_studies),
        "parts": [_part(part) for part in result.parts],
    }


def _part(result: PartResult) -> dict[str, Any]:
    """Return a part without what does not apply to it."""
    numbers = {
        "pools": [_with_side(pool) for pool in result.pools],
        "unusable": _plain(result.unusable),
        "measurements": _plain(result.measurements),
        "comparisons": _plain(result.comparisons),
        "harms": _plain(result.harms),
        "rate": None
        if result.rate is None
        else {**dataclasses.asdict(result.rate[0]), "n": result.rate[1]},
    }
    model = {
        "statement": _plain(result.statement),
        "mechanisms": [{"disease": d, **dataclasses.asdict(m)} for d, m in result.mechanisms],
        "lasting": _plain(result.lasting),
        "accounts": _plain(result.chain),
        "supports": result.model_supports if result.asks_model else None,
        "changes_at_potency_0": result.changes if result.asks_model else None,
    }
    return {
        **result.part.model_dump(mode="json"),
        "verdict": result.judgement.verdict,
        "why": result.judgement.why,
        "would_change_it": result.judgement.needs,
        "published": {key: value for key, value in numbers.items() if value},
        "model": {key: value for key, value in model.items() if value not in (None, [])},
    }


def _with_side(pool: Any) -> dict[str, Any]:
    return {**dataclasses.asdict(pool), "side": pool.side}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if value is None else dataclasses.asdict(value)
