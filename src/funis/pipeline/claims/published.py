"""What was published on a part of a claim: pools by kind of study, measurements, harms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from funis.analysis import Published, published_results, wilson
from funis.analysis.intervals import Interval
from funis.claims.values import Comparison, Direction, Harm, Measurement, Pool
from funis.evidence import Evidence, Outcome, Study, load_evidence, load_safety
from funis.evidence.meta import SCALES, Counts, pool, proportion
from funis.evidence.meta import Measure as Scale
from funis.models import Endpoints, disease_ids
from funis.pipeline.meta.numbers import stratum_interval
from funis.pipeline.meta.printed import marked
from funis.pipeline.meta.run import MEASURES, Base, base_of, pooled_stratum, strata_near
from funis.pipeline.meta.values import STUDY_TYPES, LeftOut, Member, Stratum
from funis.product import library_product, library_products
from funis.protocol import SUFFIXES

QUARTER_WEEK = 13.0
"""Weeks from the week of a claim that always count as the same time (assumed)."""

RANGE = "Range over control arms without cells"
"""Label of control arms whose limits are the range over trials, not an interval."""

CORD = "umbilical_cord"
"""Tissue that the claims are about."""

Kind = Literal["responder", "change", "value", "rate"]

_UNCHANGED = re.compile(
    r"unchanged|no significant|not significant|no increase|no decrease|no change|no benefit"
)
_UP = re.compile(r"increas|higher|rise|rose|upregul")
_DOWN = re.compile(r"decreas|lower|reduc|fell|downregul")


@dataclass(frozen=True)
class Known:
    """What is known of one disease, by its id."""

    disease: str

    @cached_property
    def base(self) -> Base:
        """Its evidence, sorted by endpoint."""
        return base_of(self.disease)

    @property
    def endpoints(self) -> Endpoints:
        """What it is measured by."""
        return self.base.endpoints

    @cached_property
    def results(self) -> tuple[Published, ...]:
        """Its published results in our names and units."""
        return published_results(self.base.published, self.endpoints)[0]

    @cached_property
    def own_studies(self) -> frozenset[str]:
        """Studies of the user's own."""
        return frozenset(s.id for s in self.base.published.studies if s.origin == "user")

    def unmeasured(self, endpoint: str) -> str:
        """Return why an endpoint cannot be measured in this disease; empty where it can."""
        found = [one for one in self.endpoints.not_testable if one.id == endpoint]
        return found[0].reason if found else ""


def window_of(week: float) -> float:
    """Return how far from a week a published row may be: half of it, at least a quarter year."""
    return max(QUARTER_WEEK, week / 2)


def effect_pools(
    known: Known, endpoint: str, measure: Kind, week: float, better: int
) -> tuple[Pool, ...]:
    """Return the published numbers on an outcome: comparisons, single arms, control arms.

    A number is looked for as a change and as a value at a visit.
    """
    pools: list[Pool] = []
    for kind in kinds_of(measure):
        pools += _strata(known, endpoint, kind, week, MEASURES[kind][0], better)
        pools += control_arms(known, endpoint, kind, week)
    return tuple(pools)


def share_pools(known: Known, endpoint: str, week: float) -> tuple[Pool, ...]:
    """Return the shares of arms that respond, and differences to control as shares."""
    return (
        *_strata(known, endpoint, "responder", week, "proportion", 1),
        *(p for p in _strata(known, endpoint, "responder", week, "rd", 1) if p.contrast),
        *control_arms(known, endpoint, "responder", week),
    )


def control_arms(known: Known, endpoint: str, kind: Kind, week: float) -> tuple[Pool, ...]:
    """Return the published control arms near a week, of trials without cells.

    A published pool over trials comes first, then the arms of trials of drugs, then single rows of
    placebo response. Counted arms are pooled; of others the range over trials is shown.
    """
    rows = [
        row
        for row in known.results
        if (row.endpoint, row.measure) == (endpoint, kind)
        and (row.group == "placebo and standard care" or _is_reference(known, row))
        and not row.contrast
        and row.subgroup is None
        and row.week > 0
        and abs(row.week - week) <= window_of(week)
    ]
    ready = [row for row in rows if row.evidence_type == "meta-analysis"]
    if ready:
        return (_control(min(ready, key=lambda one: (abs(one.week - week), -(one.n or 0)))),)
    chosen = [row for row in rows if row.group == "drug"] or rows
    counted = [row for row in chosen if kind == "responder" and row.n]
    if len({row.study for row in counted}) > 1:
        return (_pooled_controls(counted, week),)
    near = _nearest(chosen, week)
    return (_range_of(chosen, week),) if len(near) > 1 else tuple(map(_control, near.values()))


def _is_reference(known: Known, row: Published) -> bool:
    """Whether a row is of the control arm of a trial of a drug."""
    if row.group != "drug":
        return False
    gate = known.base.published.study(row.study).gate
    return gate is not None and gate.reference == row.arm


def _range_of(rows: Sequence[Published], week: float) -> Pool:
    """Return the median and the range over control arms that cannot be pooled."""
    near = _nearest(rows, week)
    values = sorted(row.estimate for row in near.values())
    numbers = Interval(float(np.median(values)), values[0], values[-1])
    patients = [row.n or 0 for row in near.values()]
    total = sum(patients) if all(patients) else 0
    pool = _control_pool(tuple(near), total, week, _WORDS.get(rows[0].measure, ""), numbers)
    return replace(pool, label=RANGE)


def _nearest(rows: Sequence[Published], week: float) -> dict[str, Published]:
    """Return the row of each trial that is nearest to a week, the largest of several."""
    near: dict[str, Published] = {}
    for row in sorted(rows, key=lambda one: (abs(one.week - week), one.study, -(one.n or 0))):
        near.setdefault(row.study, row)
    return near


def _pooled_controls(rows: Sequence[Published], week: float) -> Pool:
    """Pool the shares of control arms, of each trial the row nearest to the week."""
    near = _nearest(rows, week)
    counts = {s: Counts(round(r.estimate * (r.n or 0)), r.n or 0) for s, r in near.items()}
    pooled = pool([proportion(study, one) for study, one in counts.items()])
    shown = pooled.scale.shown
    numbers = Interval(shown(pooled.estimate), shown(pooled.low), shown(pooled.high))
    total = sum(one.n for one in counts.values())
    return _control_pool(tuple(near), total, week, "proportion", numbers)


def _control(row: Published) -> Pool:
    numbers = Interval(row.estimate, row.low, row.high)
    measure = _WORDS.get(row.measure, row.measure)
    return _control_pool((row.study,), row.n or 0, row.week, measure, numbers)


def _control_pool(
    studies: tuple[str, ...], patients: int, week: float, measure: str, numbers: Interval
) -> Pool:
    return Pool(
        label="Control arms without cells",
        study_type="control arms",
        measure=measure,
        contrast=False,
        week=week,
        studies=tuple(dict.fromkeys(_without_echo(study) for study in studies)),
        centres=len(studies),
        patients=patients,
        randomised=0,
        estimate=numbers.estimate,
        low=numbers.low,
        high=numbers.high,
        null=None,
        better=1,
        cells="none",
        cord=False,
    )


def _without_echo(study: str) -> str:
    """Return a row and its trials; a row that names itself as the trial only once."""
    row, _, trial = study.partition(": ")
    return row if trial in ("", row) else study


_WORDS = {"responder": "proportion", "change": "mean change", "value": "mean", "rate": "rate"}


def _strata(
    known: Known, endpoint: str, kind: Kind, week: float, measure: Scale, better: int
) -> Iterator[Pool]:
    key = f"{endpoint}{SUFFIXES.get(kind, '')}"
    strata, _ = strata_near(
        known.base, key, week=week, window=window_of(week), measure=measure, any_route=True
    )
    for stratum in strata:
        yield _pool(stratum, known, kind, better)
        cord = [member for member in stratum.members if member.product == CORD]
        if 0 < len(cord) < len(stratum.members):
            yield _pool(pooled_stratum(stratum.kind, cord), known, kind, better)


def unusable(known: Known, endpoint: str, measure: Kind, week: float) -> tuple[LeftOut, ...]:
    """Return published results with cells on an outcome that no pool can use, with the reasons."""
    found: list[LeftOut] = []
    for kind in kinds_of(measure):
        key = f"{endpoint}{SUFFIXES.get(kind, '')}"
        _, left = strata_near(
            known.base, key, week=week, window=window_of(week), measure=MEASURES[kind][0],
            any_route=True,
        )  # fmt: skip
        found += [item for item in left if _own_result(known, item.study)]
    return tuple(found)


def _own_result(known: Known, name: str) -> bool:
    """Whether a study is one of cells in this disease, neither a review nor context."""
    study = known.base.published.study(name)
    return study.evidence_type != "meta-analysis" and not marked(study)


def kinds_of(measure: Kind) -> tuple[Kind, ...]:
    """Return how an outcome may have been published: a number as a change and as a value."""
    return ("change", "value") if measure in ("change", "value") else (measure,)


def _pool(stratum: Stratum, known: Known, kind: Kind, better: int) -> Pool:
    scale = SCALES[stratum.measure]
    interval = _interval(stratum)
    studies = tuple(member.effect.study for member in stratum.members)
    families = {member.family or member.effect.study for member in stratum.members}
    weeks = sorted(member.week for member in stratum.members)
    given = {_cells(member) for member in stratum.members}
    return Pool(
        label=stratum.label,
        study_type=STUDY_TYPES[stratum.kind],
        measure=scale.name if scale.contrast or kind != "change" else "mean change",
        contrast=scale.contrast,
        week=weeks[len(weeks) // 2],
        studies=studies,
        centres=len(families),
        patients=stratum.patients,
        randomised=stratum.randomised,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        null=scale.shown(0.0) if scale.contrast else None,
        better=better,
        cells=", ".join(sorted(given)),
        cord=all(member.product == CORD for member in stratum.members),
        own=tuple(name for name in studies if name in known.own_studies),
    )


def _cells(member: Member) -> str:
    """Return tissue and route of the cells, and what else was given, as far as it was stated."""
    route = "route not stated" if member.route == "unknown" else f"by {member.route}"
    beside = [note for note in member.notes if "given with" in note or "co-delivered" in note]
    return ", ".join([f"{member.product.replace('_', ' ')} {route}", *beside])


def _interval(stratum: Stratum) -> Interval:
    """Return the pooled numbers, or those of the only study; none where several do not pool."""
    found, nan = stratum_interval(stratum), float("nan")
    ends = (None,) * 3 if found is None else (found.estimate, found.low, found.high)
    return Interval(*(nan if x is None else x for x in ends))


def all_evidence() -> tuple[Evidence, ...]:
    """Return the evidence on every disease of the library."""
    return tuple(load_evidence(name) for name in disease_ids())


def measurements(evidence: Iterable[Evidence], names: Sequence[str]) -> tuple[Measurement, ...]:
    """Return what was measured in people with cells under some published names."""
    return tuple(
        _measurement(study, outcome)
        for one in evidence
        for study in one.studies
        if study.evidence_type != "meta-analysis"
        for outcome in study.outcomes
        if outcome.endpoint in names and (outcome.week is None or outcome.week > 0)
    )


def _measurement(study: Study, outcome: Outcome) -> Measurement:
    share = outcome.proportion
    words = " ".join(x for x in (outcome.qualitative, outcome.direction) if x)
    words = words or outcome.definition or ""
    if share is not None and not words:
        words = f"{outcome.endpoint.replace('_', ' ')} in {100 * share:.0f} %"
    return Measurement(
        study=study.id,
        family=study.family or study.id,
        study_type=study.evidence_type,
        n=outcome.n if outcome.n is not None else study.population.n,
        week=outcome.week,
        words=words or "no words",
        direction=direction_of(words),
        numbers=outcome.mean is not None or outcome.estimate is not None,
        own=study.origin == "user",
    )


def direction_of(words: str) -> Direction:
    """Return the direction that a published sentence tells of."""
    text = words.lower()
    if _UNCHANGED.search(text):
        return "none"
    up, down = _UP.search(text) is not None, _DOWN.search(text) is not None
    if up == down:
        return "unclear"
    return "higher" if up else "lower"


def comparisons(quantity: str, of: str, against: str) -> tuple[Comparison, ...]:
    """Return the comparisons of two tissues that the products of the library hold."""
    found = []
    for product in (library_product(name) for name in library_products()):
        for row in product.differences:
            if row.quantity == quantity and {product.tissue, row.against} == {of, against}:
                turned = product.tissue != of
                found.append(Comparison(row.source, _seen(row.direction, turned), row.note or ""))
    return tuple(found)


def _seen(direction: str, turned: bool) -> str:
    opposite = {"lower": "higher", "higher": "lower"}
    return opposite.get(direction, direction) if turned else direction


def harms() -> tuple[Harm, ...]:
    """Return the pooled ratios of adverse events, cells against control, over all diseases."""
    return tuple(
        Harm(
            event.term, event.kind or "ratio", event.estimate, event.ci95[0], event.ci95[1],
            study.id, study.population.n_studies, study.population.n, _route(study, event.arm),
        )
        for study in load_safety()
        if study.evidence_type == "meta-analysis"
        for event in study.adverse_events
        if event.estimate is not None
        and event.ci95 is not None
        and (event.kind or "").endswith("ratio")
        and " vs " not in event.term  # then no control arm stands against cells
    )  # fmt: skip


def _route(study: Study, arm: str) -> str:
    found = study.arm(arm)
    return found.route or "" if found is not None else ""


def measured_rate(study_id: str, term: str) -> tuple[Interval, int] | None:
    """Return a share from the safety evidence with its Wilson interval, and the patients."""
    for study in load_safety():
        for event in study.adverse_events:
            if (study.id, event.term) == (study_id, term) and event.pct is not None and event.n:
                return wilson(event.pct / 100 * event.n, event.n), event.n
    return None
