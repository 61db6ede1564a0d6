"""Judged claims as rows of words with their numbers: what a page or the API shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from funis.checks import one_of
from funis.claims import library_register
from funis.claims.register import Claim
from funis.models import disease_ids
from funis.pipeline.claims.judge import ClaimResult, PartResult, judge_claims
from funis.pipeline.claims.text import model_count
from funis.pipeline.claims.words import model_words, published_lines, zero_words
from funis.pipeline.kept import keep_document, kept_document
from funis.pipeline.processes import Progress, silent
from funis.report import RESEARCH_USE

KIND = "register"

VERDICTS = (
    "contradicted", "uncertain", "not testable", "planned", "implemented", "supported",
)  # fmt: skip
"""Verdicts, those against a claim first."""


def kept_register() -> dict[str, Any] | None:
    """Return the judged register, if it was judged before."""
    return kept_document(KIND)


def judged_register(*, workers: int | None = None, progress: Progress = silent) -> dict[str, Any]:
    """Return the judged register, kept or judged now."""
    known = kept_register()
    if known is not None:
        return known
    found = judge_claims(workers=workers, progress=progress)
    return keep_document(KIND, register_document(found))


def unjudged_register() -> dict[str, Any]:
    """Return what is claimed and what could refute it, before anything is judged."""
    claims = [_claim(one) for one in library_register().claims]
    return {"research_use": RESEARCH_USE, "judged": False, "claims": claims}


def register_document(found: Sequence[ClaimResult]) -> dict[str, Any]:
    """Return judged claims as plain data."""
    return {
        "research_use": RESEARCH_USE,
        "judged": True,
        "claims": [_judged(one) for one in found],
    }


def filter_claims(
    document: Mapping[str, Any], verdict: str | None = None, disease: str | None = None
) -> list[dict[str, Any]]:
    """Return the claims with a verdict, and with a part on a disease.

    Raises
    ------
    InputError
        A verdict or a disease that there is not.
    """
    check_wanted(verdict, disease)
    return [
        claim
        for claim in document["claims"]
        if (not verdict or claim["verdict"] == verdict)
        and (not disease or disease in claim["diseases"])
    ]


def filter_results(
    found: Sequence[ClaimResult], verdict: str | None = None, disease: str | None = None
) -> tuple[ClaimResult, ...]:
    """Return the judged claims that `filter_claims` would.

    Raises
    ------
    InputError
        As for `filter_claims`.
    """
    shown = filter_claims(register_document(found), verdict, disease)
    rows = {claim["row"] for claim in shown}
    return tuple(one for one in found if one.claim.row in rows)


def counted(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return how many claims have each verdict, those against a claim first."""
    numbers = Counter(claim["verdict"] for claim in document["claims"])
    return [(name, numbers[name]) for name in VERDICTS if numbers[name]]


def anchor(claim: Claim) -> str:
    """Return the place of a claim on a page."""
    return f"{claim.row}-{claim.id.replace('_', '-')}"


def _claim(claim: Claim) -> dict[str, Any]:
    diseases = [one for part in claim.parts if (one := getattr(part, "disease", None))]
    return {
        "row": claim.row, "id": claim.id, "anchor": anchor(claim), "claim": claim.claim,
        "kind": claim.kind, "where": claim.where, "diseases": list(dict.fromkeys(diseases)),
        "recipes": list(claim.recipes), "refuted_by": claim.refuted_by, "note": claim.note,
        "verdict": None, "randomised_patients": None, "randomised_patients_cord": None,
        "model": None, "at_potency_0": None, "needs": None, "own_studies": [],
        "parts": [{"part": part.part, "disease": getattr(part, "disease", None)}
                  for part in claim.parts],
    }  # fmt: skip


def _judged(result: ClaimResult) -> dict[str, Any]:
    effect = result.claim.kind == "efficacy"
    asked = result.model[0]
    return _claim(result.claim) | {
        "verdict": result.verdict,
        "randomised_patients": result.randomised if effect else None,
        "randomised_patients_cord": result.randomised_cord if effect else None,
        "model": model_count(result) or None,
        "at_potency_0": result.at_zero if asked else None,
        "needs": "; ".join(dict.fromkeys(one.judgement.needs for one in result.parts)),
        "own_studies": list(result.own_studies),
        "parts": [_part(part) for part in result.parts],
    }


def _part(result: PartResult) -> dict[str, Any]:
    return {
        "part": result.part.part,
        "disease": getattr(result.part, "disease", None),
        "outcome": result.outcome or None,
        "verdict": result.judgement.verdict,
        "why": result.judgement.why,
        "model": model_words(result) or None,
        "at_potency_0": zero_words(result) or None,
        "published": published_lines(result),
    }


def check_wanted(verdict: str | None, disease: str | None) -> None:
    """Refuse a verdict or a disease that there is not.

    Raises
    ------
    InputError
        With the nearest name.
    """
    if verdict:
        one_of("verdict", verdict, VERDICTS)
    if disease:
        one_of("disease", disease, disease_ids())
