"""The gates of a disease model: raw draws, the placebo population, and targeted drugs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from funis.analysis import Results, estimate, score_table
from funis.checks import InputError, Issue
from funis.evidence import Evidence
from funis.models import Model, find_disease, load_model
from funis.pipeline.drugs import BACKGROUND, background_drugs, drug_inputs
from funis.pipeline.inputs import Trial, load_trial, require_whole, trial_names
from funis.pipeline.pharmacology import drug_effects, gate_row
from funis.pipeline.pools import POOL_DRAWS, POOL_SEED, mapped, trial_pool
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.reporting.endpoints import better, short_name
from funis.pipeline.run import find_evidence, finite
from funis.pipeline.straight_line import InBlocks
from funis.pipeline.tables import Table, interval_text
from funis.pipeline.targets import Target, inside, simulated, targets
from funis.population import MarginalRow, Pool, build_pool
from funis.population.pool import MomentRow
from funis.protocol import (
    CONTINUOUS,
    Arm,
    EndpointRequest,
    FrozenMapping,
    Intervention,
    Protocol,
    Visits,
)
from funis.report import RESEARCH_USE
from funis.report.content import DrugGateRow, Interval
from funis.report.scales import Array
from funis.trial import Study, TrialData, conduct

REQUIRED_SHARE = 0.7
"""Share of raw draws that must pass (model.md, Part 0)."""

GATE_WEEKS = (12.0, 24.0)
"""Weeks at which drugs are looked at [week]."""

STRONGEST = "anti_tnf"
"""No default may make cells stronger than this drug (model.md, Part 0)."""


@dataclass(frozen=True, slots=True)
class PopulationGate:
    """What became of raw draws, and what the gate and the weights did to them."""

    disease: str
    draws: int
    seed: int
    reasons: Mapping[str, int]
    marginals: tuple[MarginalRow, ...]
    moments: tuple[MomentRow, ...]
    effective_size: float

    @property
    def passed(self) -> bool:
        """Whether enough draws are plausible and every one of them was solved."""
        accepted, failed = self.reasons["accepted"], self.reasons["failed_to_solve"]
        return accepted >= REQUIRED_SHARE * self.draws and failed == 0

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        share = {name: f"{100 * n / self.draws:.1f} %" for name, n in self.reasons.items()}
        reasons = [
            (name.replace("_", " "), str(n), share[name]) for name, n in self.reasons.items()
        ]
        title = (
            f"Of {self.draws} raw draws (seed {self.seed}) at least {100 * REQUIRED_SHARE:g} % must"
            f" be accepted and none may fail to solve: {_word(self.passed)}"
        )
        farthest = sorted(self.marginals, key=lambda row: -row.distance)
        marginals = [
            (row.name, f"{row.raw_mean:.4g} ({row.raw_sd:.4g})",
             f"{row.accepted_mean:.4g} ({row.accepted_sd:.4g})", f"{row.distance:.3f}")
            for row in farthest
        ]  # fmt: skip
        moments = [
            (f"{row.name}, {row.moment}", f"{row.unweighted:.4g}", f"{row.weighted:.4g}",
             f"{row.target:.4g}", row.source)
            for row in self.moments
        ]  # fmt: skip
        weighted = f"Weights: an effective {self.effective_size:.0f} of {self.reasons['accepted']}"
        return (
            Table(title, ("outcome", "draws", "share"), tuple(reasons)),
            Table("Marginals before and after the gate, mean (sd), the farthest apart first",
                  ("parameter", "raw", "accepted", "distance (KS)"), tuple(marginals)),
            Table(weighted, ("statistic", "unweighted", "weighted", "target", "source"),
                  tuple(moments)),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return _document(self, "population", self.passed)


@dataclass(frozen=True, slots=True)
class PlaceboRow:
    """One published placebo statistic beside the same in virtual patients on placebo."""

    name: str
    simulated: Interval
    published: Interval
    between_trials: tuple[float, float] | None
    percent: bool
    geometric: bool
    within_interval: bool | None
    passed: bool
    source: str


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """A response across simulated trials of published size, beside the published spread."""

    name: str
    trials: int
    patients_per_trial: int
    low: float
    high: float
    published_low: float
    published_high: float


@dataclass(frozen=True, slots=True)
class PlaceboGate:
    """The placebo arm of a trial, with many patients, beside published placebo arms."""

    disease: str
    trial: str
    patients: int
    failed: int
    seed: int
    rows: tuple[PlaceboRow, ...]
    spreads: tuple[SpreadRow, ...]

    @property
    def passed(self) -> bool:
        """Whether every statistic meets what it is judged by."""
        return all(row.passed for row in self.rows)

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        rows = [
            (
                row.name, interval_text(row.simulated, row.percent),
                interval_text(row.published, row.percent), _between(row.between_trials),
                "" if row.within_interval is None else "yes" if row.within_interval else "no",
                _word(row.passed),
            )
            for row in self.rows
        ]  # fmt: skip
        spreads = [
            (row.name, f"{row.trials} trials of {row.patients_per_trial}",
             f"{100 * row.low:.1f} to {100 * row.high:.1f} %",
             f"{100 * row.published_low:.1f} to {100 * row.published_high:.1f} %")
            for row in self.spreads
        ]  # fmt: skip
        title = (
            f"{self.patients} virtual patients on placebo (trial {self.trial}, seed {self.seed}, "
            f"{self.failed} failed) beside published placebo arms: {_word(self.passed)}. Judged by "
            f"the range between trials where it was printed, else by the interval of the mean"
        )
        columns = (
            "statistic",
            "simulated",
            "published",
            "between trials",
            "in the interval",
            "verdict",
        )
        return (
            Table(title, columns, tuple(rows)),
            Table("Spread between simulated trials",
                  ("statistic", "simulated", "smallest to largest", "published"), tuple(spreads)),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return _document(self, "placebo", self.passed)


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An arm against placebo: one endpoint at one week; ``kind`` is drug or cells."""

    arm: str
    label: str
    kind: str
    endpoint: str
    week: float
    effect: Interval
    percent: bool


@dataclass(frozen=True, slots=True)
class StrengthRow:
    """Cells beside the drug that they may not exceed."""

    label: str
    endpoint: str
    cells: float
    drug: float
    passed: bool


@dataclass(frozen=True, slots=True)
class PharmacologyGate:
    """Targeted drugs, and the cells of a trial, against placebo in the same immune core."""

    disease: str
    patients: int
    seed: int
    failed: int
    effects: tuple[EffectRow, ...]
    published: tuple[DrugGateRow, ...]
    strength: tuple[StrengthRow, ...]

    @property
    def passed(self) -> bool:
        """Whether no published effect is missed and no cells exceed the anti-TNF."""
        missed = any(row.verdict == "failed" for row in self.published)
        return not missed and all(row.passed for row in self.strength)

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        return (self._effects(), self._published(), self._strength())

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return _document(self, "pharmacology", self.passed)

    def _effects(self) -> Table:
        columns = tuple(dict.fromkeys(row.endpoint for row in self.effects))
        cells = {
            (row.label, row.endpoint): interval_text(row.effect, row.percent)
            for row in self.effects
        }
        labels = dict.fromkeys(row.label for row in self.effects)
        rows = tuple(
            (label, *(cells.get((label, column), "") for column in columns)) for label in labels
        )
        title = f"Effect against placebo, {self.patients} virtual patients an arm, seed {self.seed}"
        return Table(title, ("arm", *columns), rows)

    def _published(self) -> Table:
        rows = tuple(
            (row.drug, f"{row.source}: {row.measure}", interval_text(row.simulated, row.percent),
             interval_text(row.published, row.percent), row.verdict or "not judged", row.note)
            for row in self.published
        )  # fmt: skip
        columns = ("drug", "published row", "simulated", "published", "verdict", "tier")
        return Table(f"Pharmacology gate: {_word(self.passed)}", columns, rows)

    def _strength(self) -> Table:
        rows = tuple(
            (row.label, row.endpoint, f"{row.cells:.2f}", f"{row.drug:.2f}", _word(row.passed))
            for row in self.strength
        )
        title = "No default may make cells stronger than an anti-TNF"
        return Table(title, ("cells", "endpoint", "cells", "anti-TNF", "verdict"), rows)


def population_gate(
    disease: str | Path,
    *,
    draws: int = POOL_DRAWS,
    seed: int = POOL_SEED,
    workers: int | None = None,
    progress: Progress = silent,
) -> PopulationGate:
    """Put raw draws of a disease through the gate of plausible patients.

    Raises
    ------
    InputError
        An unknown disease, or an argument out of range.
    """
    require_whole(draws=draws, workers=workers)
    require_whole(0, seed=seed)
    model = load_model(find_disease(str(disease)))
    pool = _raw_pool(model, draws, seed, worker_count(workers), progress)
    reasons = {row.reason: row.n for row in pool.gate}
    return PopulationGate(
        model.id, draws, seed, reasons, pool.marginals, pool.moments, pool.effective_size
    )


def placebo_gate(
    disease: str | Path,
    *,
    patients: int = 2000,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> PlaceboGate:
    """Conduct the placebo arm of a disease's trial with many patients, beside published ones.

    Raises
    ------
    InputError
        An unknown disease, one without a trial or evidence, or an argument out of range.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    model = load_model(find_disease(str(disease)))
    evidence = _evidence(model)
    template = template_trial(model)
    found = targets(evidence, model.endpoints, template.protocol.visits.weeks)
    last = max((target.request.week for target in found), default=0.0)
    protocol = _placebo_alone(template.protocol, last)
    data, results = _conducted(
        template, protocol, [target.request for target in found], patients, seed, workers, progress
    )
    arm = protocol.arms[0].id
    return PlaceboGate(
        model.id, template.name, patients, sum(a.n_failed for a in results.arms), seed,
        tuple(_placebo_row(t, simulated(t, results, data, model.endpoints, arm)) for t in found),
        _spreads(found, data, model, protocol.population.patients_per_site),
    )  # fmt: skip


def pharmacology_gate(
    disease: str | Path,
    *,
    patients: int = 300,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> PharmacologyGate:
    """Give each drug, and the cells of the disease's trial, against placebo in one core.

    Rescue is off. A drug that patients may take at entry is given to patients without it.

    Raises
    ------
    InputError
        As for `placebo_gate`.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    model = load_model(find_disease(str(disease)))
    evidence = _evidence(model)
    template = template_trial(model)
    background = background_drugs(model)
    known = {e.drug for e in drug_effects(evidence, model, drug_inputs(model), GATE_WEEKS)}
    targeted = [name for name in drug_inputs(model) if name in known and name not in background]
    cells = [arm for arm in template.protocol.arms if _cells_alone(arm)]
    first = _drug_trial(template.protocol, model, [*_drug_arms(model, targeted), *cells], ())
    second = _drug_trial(template.protocol, model, _drug_arms(model, background), background)
    effects: list[EffectRow] = []
    published: list[DrugGateRow] = []
    failed = 0
    for protocol, drugs in ((first, targeted), (second, list(background))):
        if len(protocol.arms) < 2:
            continue
        rows = drug_effects(evidence, model, drugs, GATE_WEEKS)
        asked = {r.key: r for r in (*protocol.endpoints, *(row.request for row in rows))}
        _, results = _conducted(
            template, protocol, list(asked.values()), patients, seed, workers, progress
        )
        effects += _effect_rows(protocol, results, model)
        reference = _reference(protocol).id
        published += [gate_row(row, results, row.drug, reference, model) for row in rows]
        unknown = [name for name in drugs if name not in {row.drug for row in rows}]
        published += [_sign_row(name, protocol, results, model) for name in unknown]
        failed += sum(arm.n_failed for arm in results.arms)
    strength = _strength(effects, model, template.protocol)
    return PharmacologyGate(
        model.id, patients, seed, failed, tuple(effects), tuple(published), strength
    )


def template_trial(model: Model) -> Trial:
    """Return the library's trial of a disease with a placebo arm and the most arms.

    Raises
    ------
    InputError
        The library has none.
    """
    found = [load_trial(name) for name in trial_names()]
    fits = [
        trial
        for trial in found
        if trial.protocol.disease == model.id
        and any(arm.control == "placebo" for arm in trial.protocol.arms)
    ]
    if not fits:
        message = f"the library has no trial of '{model.id}' with a placebo arm"
        raise InputError(Issue(None, None, None, message, "a trial file in library/trials"))
    return replace(max(fits, key=lambda trial: len(trial.protocol.arms)), model=model)


def _raw_pool(model: Model, draws: int, seed: int, workers: int, progress: Progress) -> Pool:
    with Processes(model, workers) as processes:
        return build_pool(model, draws, seed, run=mapped(processes, progress))


def _evidence(model: Model) -> Evidence:
    evidence = find_evidence(model)
    if evidence is None:
        message = f"the library has no evidence on '{model.id}'"
        raise InputError(Issue(None, None, None, message, "files in library/evidence"))
    return evidence


def _reference(protocol: Protocol) -> Arm:
    reference = protocol.reference
    assert reference is not None
    return reference


def _placebo_alone(protocol: Protocol, last_week: float) -> Protocol:
    """Return the placebo arm of a protocol by itself, up to a week."""
    arm = next(arm for arm in protocol.arms if arm.control == "placebo")
    weeks = tuple(week for week in protocol.visits.weeks if week <= last_week)
    rules = [
        replace(rule, weeks=tuple(week for week in rule.weeks if week in weeks))
        for rule in protocol.rules
        if rule.applies_to(arm.id) and (not rule.weeks or set(rule.weeks) & set(weeks))
    ]
    endpoints = tuple(request for request in protocol.endpoints if request.week in weeks)
    return replace(
        protocol, arms=(replace(arm, reference=True),), success=None, visits=Visits(weeks),
        rules=tuple(replace(rule, arms=("all",)) for rule in rules), endpoints=_primary(endpoints),
        dropout=replace(protocol.dropout, arms=FrozenMapping()),
    )  # fmt: skip


def _drug_trial(
    protocol: Protocol, model: Model, arms: Sequence[Arm], without: Sequence[str]
) -> Protocol:
    """Return a trial of some arms against placebo, in patients without some background drugs."""
    placebo = next(arm for arm in protocol.arms if arm.control == "placebo")
    taken = {f"{BACKGROUND}{name}" for name in without}
    columns = {model.covariates.get(name, name) for name in taken}
    criteria = tuple(
        item for item in protocol.population.criteria if not item.expression.names & columns
    )
    weeks = GATE_WEEKS
    scores = [s.id for s in model.endpoints.scores]
    asked = dict.fromkeys(
        r.endpoint for r in protocol.endpoints if r.measure == "change" and r.endpoint in scores
    )
    first = protocol.primary[0]
    requests = [
        EndpointRequest(name, week, "change", "secondary") for name in asked for week in weeks
    ]
    requests += [EndpointRequest(first.endpoint, week, first.measure, "primary") for week in weeks]
    others = tuple(replace(arm, reference=False) for arm in arms)
    success = protocol.success
    if success is not None and others:
        success = replace(success, arms=(others[0].id,), reference=placebo.id, week=weeks[0])
    return replace(
        protocol, arms=(replace(placebo, reference=True), *others), visits=Visits((0.0, *weeks)),
        population=replace(protocol.population, criteria=criteria), rules=(),
        endpoints=tuple(requests), success=success if others else None,
        dropout=replace(protocol.dropout, arms=FrozenMapping()),
        scenario=FrozenMapping({**protocol.scenario, **dict.fromkeys(sorted(taken), 0.0)}),
    )  # fmt: skip


def _drug_arms(model: Model, drugs: Sequence[str]) -> list[Arm]:
    arms = []
    for name in drugs:
        given = model.input(name)
        label = name if given is None else given.description
        one = Intervention(name, drug=name, dose=1.0, days=(0.0,), duration_day=CONTINUOUS)
        arms.append(Arm(name, label[:1].upper() + label[1:], interventions=(one,)))
    return arms


def _cells_alone(arm: Arm) -> bool:
    given = arm.interventions
    return bool(given) and not arm.scenario and all(one.product is not None for one in given)


def _primary(requests: tuple[EndpointRequest, ...]) -> tuple[EndpointRequest, ...]:
    """Return requests of which one at least is primary, as every protocol needs."""
    if not requests or any(request.role == "primary" for request in requests):
        return requests
    return (replace(requests[0], role="primary"), *requests[1:])


def _conducted(
    template: Trial, protocol: Protocol, requests: Sequence[EndpointRequest], patients: int,
    seed: int, workers: int | None, progress: Progress,
) -> tuple[TrialData, Results]:  # fmt: skip
    count = worker_count(workers)
    pool = trial_pool(template.model, workers=count, progress=progress)
    study = Study(protocol, template.model, pool, template.products, patients, seed)
    with Processes(study, count) as processes:
        data = conduct(study, InBlocks(processes, progress))
    return data, estimate(protocol, data, template.model.endpoints, requests=requests)


def _placebo_row(target: Target, found: Interval) -> PlaceboRow:
    name = target.request.key.split("@")[0].replace("_", " ")
    spread = None if np.isnan(target.spread_low) else (target.spread_low, target.spread_high)
    within = None
    if not np.isnan(target.low) and found.estimate is not None:
        within = target.low <= found.estimate <= target.high
    kind = " (geometric means)" if target.geometric else ""
    published = (target.estimate, target.low, target.high)
    known = [None if np.isnan(value) else value for value in published]
    return PlaceboRow(
        f"{name} at week {target.request.week:g}{kind}", found, Interval(*known), spread,
        target.request.measure == "responder", target.geometric, within, inside(target, found),
        target.row.id,
    )  # fmt: skip


def _spreads(
    found: Sequence[Target], data: TrialData, model: Model, size: int
) -> tuple[SpreadRow, ...]:
    """Return the response across sites: each site is one simulated trial of published size."""
    rows = []
    for target in found:
        if target.request.measure == "responder" and not np.isnan(target.spread_low):
            shares = _site_shares(target.request, data, model, size)
            if len(shares):
                rows.append(
                    SpreadRow(
                        f"{target.request.endpoint} at week {target.request.week:g}",
                        len(shares), size, float(shares.min()), float(shares.max()),
                        target.spread_low, target.spread_high,
                    )
                )  # fmt: skip
    return tuple(rows)


def _site_shares(request: EndpointRequest, data: TrialData, model: Model, size: int) -> Array:
    """Return the share of responders at each full site; events and missing visits count as none."""
    import polars as pl

    scores = score_table(data.observations, model.endpoints).filter(pl.col("week") == request.week)
    response = scores.select("subject", response=pl.col(request.endpoint).cast(pl.Float64))
    lost = (pl.col("rescued_week") < request.week) | (pl.col("discontinued_week") < request.week)
    people = data.subjects.filter(pl.col("status") != "failed").join(
        response, on="subject", how="left"
    )
    counted = people.with_columns(
        pl.when(lost.fill_null(False)).then(0.0).otherwise(pl.col("response").fill_null(0.0)).alias("response")
    )  # fmt: skip
    sites = counted.group_by("site").agg(pl.len().alias("n"), pl.col("response").mean())
    full = sites.filter(pl.col("n") >= size // 2).sort("site")
    return full["response"].to_numpy()


def _effect_rows(protocol: Protocol, results: Results, model: Model) -> list[EffectRow]:
    kinds = {arm.id: "drug" if arm.interventions[0].drug else "cells" for arm in protocol.arms[1:]}
    asked = {request.key: request for request in protocol.endpoints}
    rows = []
    for one in results.contrasts:
        if one.endpoint in asked and one.arm in kinds:
            request = asked[one.endpoint]
            name = f"{short_name(request.endpoint, model.endpoints)} week {request.week:g}"
            rows.append(
                EffectRow(
                    one.arm, protocol.arm(one.arm).label, kinds[one.arm], name, one.week,
                    Interval(one.estimate, one.low, one.high), request.measure == "responder",
                )
            )  # fmt: skip
    return rows


def _sign_row(drug: str, protocol: Protocol, results: Results, model: Model) -> DrugGateRow:
    """Return the sign of a drug without a published row, in the first change that is asked for."""
    request = next(
        (r for r in reversed(protocol.endpoints) if r.measure == "change"), protocol.endpoints[0]
    )
    found = results.contrast(drug, request.key)
    sign = -1.0 if better(request.endpoint, model.endpoints) == "lower" else 1.0
    given = model.input(drug)
    return DrugGateRow(
        drug=drug if given is None else given.description,
        measure=f"{short_name(request.endpoint, model.endpoints)}, week {request.week:g}",
        source="no placebo-controlled row in the evidence",
        simulated=Interval(found.estimate, found.low, found.high),
        published=Interval(None, None, None),
        verdict="passed" if sign * found.estimate > 0 else "failed",
        percent=request.measure == "responder",
        note="sign only: a benefit",
    )


def _strength(
    effects: Sequence[EffectRow], model: Model, protocol: Protocol
) -> tuple[StrengthRow, ...]:
    """Return the cells beside the strongest drug in the main score, week by week."""
    score = durability_score(protocol, model.endpoints)
    if score is None:
        return ()
    sign = -1.0 if better(score, model.endpoints) == "lower" else 1.0
    name = short_name(score, model.endpoints)
    own = [row for row in effects if row.endpoint.startswith(f"{name} week")]
    limits = {row.week: row.effect.estimate for row in own if row.arm == STRONGEST}
    return tuple(
        StrengthRow(
            row.label, row.endpoint, row.effect.estimate or 0.0, limits[row.week] or 0.0,
            sign * (row.effect.estimate or 0.0) <= sign * (limits[row.week] or 0.0),
        )
        for row in own if row.kind == "cells" and row.week in limits
    )  # fmt: skip


def _between(limits: tuple[float, float] | None) -> str:
    return "" if limits is None else f"{100 * limits[0]:g} to {100 * limits[1]:g} %"


def _word(passed: bool) -> str:
    return "passed" if passed else "NOT PASSED"


def _document(gate: Any, name: str, passed: bool) -> dict[str, Any]:
    content = {"research_use": RESEARCH_USE, "gate": name, "passed": passed}
    return {**content, **{key: finite(value) for key, value in dataclasses.asdict(gate).items()}}
