"""What was published on cells of one source by one route in a disease: patients, pooled effects."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from funis.claims import Pool
from funis.evidence import Evidence, Study
from funis.evidence.meta import SCALES
from funis.pipeline.claims.published import (
    RANGE,
    Kind,
    Known,
    control_arms,
    kinds_of,
    window_of,
)
from funis.pipeline.explore.prepare import scoring_of
from funis.pipeline.meta.numbers import stratum_interval, value_words
from funis.pipeline.meta.run import MEASURES, pooled_stratum, strata_near
from funis.pipeline.meta.values import STUDY_TYPES, Member, Stratum
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.studies.reach import user_hash
from funis.protocol import SUFFIXES, EndpointRequest
from funis.report.content import Interval
from funis.report.statement import NOT_APPROVED

MOST_ENDPOINTS = 2
"""Endpoints whose pooled effects are shown: the primary one, and the main score."""


@dataclass(frozen=True, slots=True)
class PublishedEffect:
    """Published numbers on one endpoint from one kind of study, never added to another kind.

    Attributes
    ----------
    study_type : randomised, non-randomised controlled, single-arm or control arms.
    compared : whether cells are compared with a control.
    estimate, low, high : with the 95 % interval; None where it is not known.
    patients, randomised : patients behind it, and how many were allocated by chance.
    label : kind of study and what is compared, in words.
    range : median and range over trials in words, of arms that cannot be pooled; else empty.
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
    label: str
    range: str = ""


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


def grade_of(disease: str, tissue: str, routes: tuple[str, ...]) -> Grade:
    """Return the state of the evidence on cells of a tissue by some routes together."""
    return _grade(disease, tissue, routes, user_hash())


@lru_cache(maxsize=64)
def _grade(disease: str, tissue: str, routes: tuple[str, ...], state: str) -> Grade:
    """Return the same, kept while the user's own studies (``state``) stay as they are."""
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
            controls = tuple(_controls(known, request, kind))
            for stratum in _strata(known, request, kind):
                members = [m for m in stratum.members if _mine(m, tissue, routes)]
                if members and _beside_control(stratum, kind, controls):
                    yield _effect(known, request, pooled_stratum(stratum.kind, members))
            yield from controls


def _strata(known: Known, request: EndpointRequest, kind: Kind) -> tuple[Stratum, ...]:
    key = f"{request.endpoint}{SUFFIXES.get(kind, '')}"
    found, _ = strata_near(
        known.base, key, week=request.week, window=window_of(request.week),
        measure=MEASURES[kind][0], any_route=True,
    )  # fmt: skip
    return found


def _beside_control(stratum: Stratum, kind: Kind, controls: Sequence[PublishedEffect]) -> bool:
    """Whether a stratum has a control: its own, or control arms of the same measure beside it.

    A value at a visit says nothing without the start of its own patients: no arm stands beside it.
    """
    return SCALES[stratum.measure].contrast or (kind != "value" and bool(controls))


def _mine(member: Member, tissue: str, routes: Sequence[str]) -> bool:
    return member.product == tissue and _same_routes(member.route, routes)


def _effect(known: Known, request: EndpointRequest, stratum: Stratum) -> PublishedEffect:
    scale = SCALES[stratum.measure]
    one = stratum_interval(stratum) or Interval(None, None, None)
    weeks = sorted(member.week for member in stratum.members)
    return PublishedEffect(
        endpoint_name(request.endpoint, known.endpoints), weeks[len(weeks) // 2],
        STUDY_TYPES[stratum.kind], scale.contrast, scale.name, one.estimate, one.low, one.high,
        tuple(member.effect.study for member in stratum.members), stratum.patients,
        stratum.randomised, stratum.label,
    )  # fmt: skip


def _controls(known: Known, request: EndpointRequest, kind: Kind) -> Iterator[PublishedEffect]:
    """Return control arms without cells: a single arm never stands alone."""
    for pool in control_arms(known, request.endpoint, kind, request.week):
        ranged = pool.label == RANGE
        low, high = (None, None) if ranged else (_known(pool.low), _known(pool.high))
        yield PublishedEffect(
            endpoint_name(request.endpoint, known.endpoints), pool.week, pool.study_type, False,
            pool.measure, _known(pool.estimate), low, high, pool.studies, pool.patients,
            pool.randomised, pool.label, _range(pool) if ranged else "",
        )  # fmt: skip


def _range(pool: Pool) -> str:
    """Return the median and the range over control arms in words: they are no interval."""
    middle, low, high = (value_words(x, pool.measure) for x in (pool.estimate, pool.low, pool.high))
    return f"median {middle}; {len(pool.studies)} trials from {low} to {high}: a range, no interval"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
