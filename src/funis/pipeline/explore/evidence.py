"""What was published on cells of one source by one route in a disease: patients, pooled effects."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from funis.evidence import Evidence, Study
from funis.pipeline.claims.published import Known, control_arms, kinds_of, window_of
from funis.pipeline.explore.prepare import scoring_of
from funis.pipeline.meta.numbers import shown_interval
from funis.pipeline.meta.run import MEASURES, pooled_stratum, strata_near
from funis.pipeline.meta.values import STUDY_TYPES, Member, Stratum
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.protocol import SUFFIXES, EndpointRequest
from funis.report.statement import NOT_APPROVED

MOST_ENDPOINTS = 2
"""Endpoints whose pooled effects are shown: the primary one, and the main score."""


Ends = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class PublishedEffect:
    """Published numbers on one endpoint from one kind of study, never added to another kind.

    Attributes
    ----------
    study_type : randomised, non-randomised controlled, single-arm or control arms.
    compared : whether cells are compared with a control.
    estimate, low, high : with the 95 % interval; None where it is not known.
    patients, randomised : patients behind it, and how many were allocated by chance.
    """

    endpoint: str
    week: float
    study_type: str
    compared: bool
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    studies: tuple[str, ...]
    patients: int
    randomised: int


@dataclass(frozen=True, slots=True)
class Grade:
    """The state of the evidence on one source and one or more routes in a disease.

    Attributes
    ----------
    level : none, very low, low or moderate; it follows from numbers and design alone.
    text : the same as a sentence, for source and route.
    whole : the sentence for the disease, every source and route.
    effects : what was pooled for source and route, then control arms without cells.
    approval : the regulatory sentence.
    """

    disease: str
    source: str
    routes: tuple[str, ...]
    level: str
    randomised_studies: int
    randomised_patients: int
    other_studies: int
    other_patients: int
    text: str
    whole: str
    effects: tuple[PublishedEffect, ...]
    approval: str


@lru_cache(maxsize=64)
def grade_of(disease: str, tissue: str, routes: tuple[str, ...]) -> Grade:
    """Return the state of the evidence on cells of a tissue by some routes together."""
    known = Known(disease)
    published = known.base.published
    mine = replace(published, studies=tuple(_of(published, tissue, routes)))
    base = evidence_base(mine)
    assert base is not None
    found = base.randomised_studies + base.other_studies
    named = f"{tissue.replace('_', ' ')} cells by {' and '.join(routes)}"
    sizes = (
        f"{_studies(base.randomised_studies, 'randomised ')}"
        f" ({base.randomised_patients} randomised patients known),"
        f" {_studies(base.other_studies, 'other ')} ({base.other_patients} patients known)"
    )
    level = base.grade if found else "none"
    if level == "low" and not base.randomised_patients:
        level = "very low"  # a randomised study that says of nobody how many
    return Grade(
        disease, tissue, routes, level, base.randomised_studies, base.randomised_patients,
        base.other_studies, base.other_patients,
        f"Evidence on {named}: {level}; {sizes}.",
        evidence_text(evidence_base(published)),
        tuple(_effects(known, tissue, routes)), NOT_APPROVED,
    )  # fmt: skip


def _studies(count: int, kind: str) -> str:
    return f"{count or 'no'} {kind}{'study' if count == 1 else 'studies'}"


def _of(evidence: Evidence, tissue: str, routes: Sequence[str]) -> Iterator[Study]:
    """Return the studies that gave cells of a tissue by exactly these routes."""
    for study in evidence.studies:
        if study.product.source != tissue or study.evidence_type == "meta-analysis":
            continue
        if any(_same_routes(arm.route or "", routes) for arm in study.arms):
            yield study


def _same_routes(published: str, routes: Sequence[str]) -> bool:
    words = re.split(r"\+", published.removesuffix(" sham"))
    return {word.partition("_")[0] for word in words} == set(routes)


def _requests(known: Known) -> tuple[EndpointRequest, ...]:
    """Return the primary endpoint of the demo trial, and the change of the main score."""
    from funis.pipeline.explore.cohort import disease_parts

    scoring, protocol = scoring_of(known.disease), disease_parts(known.disease).protocol
    primary = () if protocol is None else tuple(protocol.primary)[:1]
    score = EndpointRequest(scoring.score, float(scoring.week), "change", "secondary")
    own = () if any(one.endpoint == scoring.score for one in primary) else (score,)
    return (*primary, *own)[:MOST_ENDPOINTS]


def _effects(known: Known, tissue: str, routes: Sequence[str]) -> Iterator[PublishedEffect]:
    for request in _requests(known):
        for kind in kinds_of(request.measure):
            key = f"{request.endpoint}{SUFFIXES.get(kind, '')}"
            strata, _ = strata_near(
                known.base, key, week=request.week, window=window_of(request.week),
                measure=MEASURES[kind][0], any_route=True,
            )  # fmt: skip
            for stratum in strata:
                members = [m for m in stratum.members if _mine(m, tissue, routes)]
                if members:
                    yield _effect(known, request, pooled_stratum(stratum.kind, members))
            yield from _controls(known, request, kind)


def _mine(member: Member, tissue: str, routes: Sequence[str]) -> bool:
    return member.product == tissue and _same_routes(member.route, routes)


def _effect(known: Known, request: EndpointRequest, stratum: Stratum) -> PublishedEffect:
    from funis.evidence.meta import SCALES

    scale, pooled = SCALES[stratum.measure], stratum.pooled
    ends: Ends = (None, None, None)
    if pooled is not None:
        shown = scale.shown
        ends = (shown(pooled.estimate), shown(pooled.low), shown(pooled.high))
    elif len(stratum.members) == 1:
        one = shown_interval(stratum.members[0].effect)
        ends = (one.estimate, one.low, one.high)
    weeks = sorted(member.week for member in stratum.members)
    return PublishedEffect(
        endpoint_name(request.endpoint, known.endpoints), weeks[len(weeks) // 2],
        STUDY_TYPES[stratum.kind], scale.contrast, scale.name, *ends,
        tuple(member.effect.study for member in stratum.members), stratum.patients,
        stratum.randomised,
    )  # fmt: skip


def _controls(known: Known, request: EndpointRequest, kind: str) -> Iterator[PublishedEffect]:
    """Return control arms without cells: a single arm never stands alone."""
    for pool in control_arms(known, request.endpoint, kind, request.week):  # type: ignore[arg-type]
        numbers = (_known(pool.estimate), _known(pool.low), _known(pool.high))
        yield PublishedEffect(
            endpoint_name(request.endpoint, known.endpoints), pool.week, pool.study_type, False,
            pool.measure, *numbers, pool.studies, pool.patients, pool.randomised,
        )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
