"""The gates of a disease model: raw draws, the placebo population, and targeted drugs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from funis.analysis import Results, estimate, mean_interval, score_table, summarise
from funis.checks import InputError, Issue
from funis.evidence import Evidence
from funis.models import Model, find_disease, load_model
from funis.pipeline.drugs import background_drugs, drug_inputs
from funis.pipeline.gate_trials import (
    by_trial,
    cells_alone,
    drug_arms,
    drug_trial,
    placebo_alone,
    reference_of,
    shown_weeks,
    template_trial,
)
from funis.pipeline.gate_values import (
    EffectRow,
    PharmacologyGate,
    PlaceboGate,
    PlaceboRow,
    PopulationGate,
    SpreadRow,
    StrengthRow,
)
from funis.pipeline.inputs import Trial, require_whole
from funis.pipeline.pharmacology import DrugEffect, drug_effects, gate_row
from funis.pipeline.pools import POOL_DRAWS, POOL_SEED, mapped, trial_pool
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.reporting import TwinPlan
from funis.pipeline.reporting.courses import durability_score, score_course
from funis.pipeline.reporting.endpoints import better, short_name
from funis.pipeline.run import find_evidence
from funis.pipeline.straight_line import TWIN_BLOCK, TWINS, InBlocks, share
from funis.pipeline.targets import (
    Target,
    all_targets,
    library_trial,
    met,
    simulated,
    target_name,
)
from funis.population import build_pool
from funis.population.scores import ScoreReader
from funis.protocol import EndpointRequest, Protocol
from funis.report.content import DrugGateRow, Interval
from funis.report.scales import Array
from funis.trial import Study, TrialData, conduct
from funis.trial.study import week_minute
from funis.trial.twins import join_courses

STRONGEST = "anti_tnf"
"""No default may make cells stronger than this drug (model.md, Part 0), where it helps."""


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
    with Processes(model, worker_count(workers)) as processes:
        pool = build_pool(model, draws, seed, run=mapped(processes, progress))
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
    """Conduct the placebo arm of a disease's trials with many patients, beside published ones.

    Raises
    ------
    InputError
        An unknown disease, one without a trial or evidence, a target that nothing can be held
        against, or an argument out of range.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    model = load_model(find_disease(str(disease)))
    found = all_targets(_evidence(model), model.endpoints)
    groups = by_trial(
        model, [(target, library_trial(target.row.trial, model.id)) for target in found]
    )
    stages = [
        _placebo_stage(trial, own, patients, seed, workers, progress) for trial, own in groups
    ]
    return PlaceboGate(
        model.id, ", ".join(trial.name for trial, _ in groups), patients,
        sum(stage.failed for stage in stages), seed,
        tuple(row for stage in stages for row in stage.rows),
        tuple(row for stage in stages for row in stage.spreads),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _PlaceboStage:
    """What the placebo arm of one trial gave."""

    failed: int
    rows: tuple[PlaceboRow, ...]
    spreads: tuple[SpreadRow, ...]


def _placebo_stage(
    template: Trial, found: Sequence[Target], patients: int, seed: int, workers: int | None,
    progress: Progress,
) -> _PlaceboStage:  # fmt: skip
    """Conduct the placebo arm of one trial up to the last week of its targets."""
    model = template.model
    protocol = placebo_alone(template.protocol, [target.request.week for target in found])
    study = _study(template, protocol, patients, seed, workers, progress)
    with Processes(study, worker_count(workers)) as processes:
        data = conduct(study, InBlocks(processes, progress))
    asked = [target.request for target in found]
    results = estimate(protocol, data, model.endpoints, requests=asked)
    arm = protocol.arms[0].id
    values = [simulated(target, results, data, model.endpoints, arm) for target in found]
    return _PlaceboStage(
        sum(arm.n_failed for arm in results.arms),
        tuple(_placebo_row(t, value, model) for t, value in zip(found, values, strict=True)),
        _spreads(found, data, model, protocol.population.patients_per_site),
    )


def pharmacology_gate(
    disease: str | Path,
    *,
    patients: int = 300,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> PharmacologyGate:
    """Give each drug, and the cells of the disease's trial, against placebo in one core.

    Rescue is off. A drug that patients may take at entry is given to patients without it. Rows
    that were published of another population are judged in that population's trial.

    Raises
    ------
    InputError
        As for `placebo_gate`.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    model = load_model(find_disease(str(disease)))
    evidence = _evidence(model)
    own = template_trial(model)
    effects = drug_effects(evidence, model, drug_inputs(model))
    groups = by_trial(model, [(effect, effect.trial) for effect in effects])
    if own.name not in [trial.name for trial, _ in groups]:
        groups = [(own, []), *groups]
    stages = [
        _stage(trial, rows, drugs, (patients, seed), workers, progress, cells=cells)
        for trial, found in groups
        for rows, drugs, cells in _parts(model, found, own=trial.name == own.name)
    ]
    limit = _strongest(model, effects, stages)
    return PharmacologyGate(
        model.id, patients, seed, sum(stage.failed for stage in stages),
        tuple(row for stage in stages for row in stage.effects),
        tuple(row for stage in stages for row in stage.published),
        tuple(row for stage in stages for row in _strength(stage, model, limit)),
        limit,
    )  # fmt: skip


Part = tuple[tuple[DrugEffect, ...], tuple[str, ...], bool]


def _parts(model: Model, found: Sequence[DrugEffect], *, own: bool) -> Iterator[Part]:
    """Yield the drugs of one trial: targeted ones with the cells, then those of the background."""
    background = background_drugs(model)
    named = dict.fromkeys(
        name for effect in found for name in (effect.drug, effect.compared_with) if name
    )
    targeted = tuple(name for name in named if name not in background)
    if targeted or own:
        yield tuple(effect for effect in found if effect.drug in targeted), targeted, own
    others = background if own else tuple(name for name in named if name in background)
    if others:
        yield tuple(effect for effect in found if effect.drug in others), others, False


@dataclass(frozen=True, slots=True)
class _Stage:
    """One conducted trial of drugs, and the noise-free effect of each arm on the main score."""

    protocol: Protocol
    effects: tuple[EffectRow, ...]
    published: tuple[DrugGateRow, ...]
    twins: Mapping[tuple[str, float], Interval]
    score: str
    failed: int


def _stage(
    template: Trial, rows: Sequence[DrugEffect], drugs: Sequence[str], size: tuple[int, int],
    workers: int | None, progress: Progress, *, cells: bool,
) -> _Stage:  # fmt: skip
    """Conduct one trial of drugs against placebo and follow twins under all of its arms."""
    model = template.model
    arms = drug_arms(model, drugs)
    if cells:
        limit = {STRONGEST} & set(drug_inputs(model)) - set(drugs)
        arms += drug_arms(model, sorted(limit))
        arms += [arm for arm in template.protocol.arms if cells_alone(arm)]
    without = [name for name in drugs if name in background_drugs(model)]
    weeks = [row.request.week for row in rows]
    protocol = drug_trial(template.protocol, model, arms, without, weeks)
    asked = {r.key: r for r in (*protocol.endpoints, *(row.request for row in rows))}
    study = _study(template, protocol, *size, workers, progress)
    score = durability_score(protocol, model.endpoints) or model.endpoints.numbers[0]
    with Processes(study, worker_count(workers)) as processes:
        data = conduct(study, InBlocks(processes, progress))
        twins = _twin_effects(study, processes, score, progress)
    results = estimate(protocol, data, model.endpoints, requests=list(asked.values()))
    reference = reference_of(protocol).id
    published = [gate_row(row, results, row.drug, reference, model) for row in rows]
    unknown = [name for name in drugs if name not in {row.drug for row in rows}]
    published += [_sign_row(name, twins, score, model) for name in unknown]
    failed = sum(arm.n_failed for arm in results.arms)
    effects = _effect_rows(protocol, results, model)
    return _Stage(protocol, effects, tuple(published), twins, score, failed)


def _twin_effects(
    study: Study, processes: Processes[Study], score: str, progress: Progress
) -> dict[tuple[str, float], Interval]:
    """Return the mean noise-free effect of each arm on the same patients, by week."""
    weeks = shown_weeks(study.protocol, study.model)
    minutes = np.array([week_minute(week) for week in (0.0, *weeks)], dtype=np.int64)
    plan = TwinPlan(minutes, ScoreReader.of(study.model, [score]).outputs)
    followed = range(min(TWINS, study.patients_per_arm))
    pieces = list(share(followed, processes.workers, TWIN_BLOCK))
    parts = progress("Twins", processes.map(plan, pieces), len(pieces))
    courses = {course.arm: course for course in join_courses(list(parts))}
    twin = score_course(study.model, courses[reference_of(study.protocol).id], score)
    found = {}
    for arm, course in courses.items():
        effect = score_course(study.model, course, score) - twin
        for place, week in enumerate(weeks, 1):
            mean = mean_interval(summarise(effect[:, place]))
            found[arm, week] = Interval(mean.estimate, mean.low, mean.high)
    return found


def _study(
    template: Trial, protocol: Protocol, patients: int, seed: int, workers: int | None,
    progress: Progress,
) -> Study:  # fmt: skip
    pool = trial_pool(template.model, workers=worker_count(workers), progress=progress)
    return Study(protocol, template.model, pool, template.products, patients, seed)


def _evidence(model: Model) -> Evidence:
    evidence = find_evidence(model)
    if evidence is None:
        message = f"the library has no evidence on '{model.id}'"
        raise InputError(Issue(None, None, None, message, "files in library/evidence"))
    return evidence


def _placebo_row(target: Target, found: Interval, model: Model) -> PlaceboRow:
    spread = None if np.isnan(target.spread_low) else (target.spread_low, target.spread_high)
    within = None
    if not np.isnan(target.low) and found.estimate is not None:
        within = target.low <= found.estimate <= target.high
    kind = " (geometric means)" if target.geometric else ""
    published = (target.estimate, target.low, target.high)
    known = [None if np.isnan(value) else value for value in published]
    return PlaceboRow(
        f"{target_name(target, model.endpoints)}{kind}", found, Interval(*known), spread,
        target.request.measure == "responder", target.geometric, within, met(target, found),
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


def _effect_rows(protocol: Protocol, results: Results, model: Model) -> tuple[EffectRow, ...]:
    kinds = {arm.id: "drug" if arm.interventions[0].drug else "cells" for arm in protocol.arms[1:]}
    asked = {request.key: request for request in protocol.endpoints}
    rows = []
    for one in results.contrasts:
        if one.endpoint in asked and one.arm in kinds:
            request = asked[one.endpoint]
            ratio = ", rate ratio" if one.is_ratio else ""
            name = f"{short_name(request.endpoint, model.endpoints)} week {request.week:g}{ratio}"
            rows.append(
                EffectRow(
                    one.arm, protocol.arm(one.arm).label, kinds[one.arm], name, one.week,
                    Interval(one.estimate, one.low, one.high), request.measure == "responder",
                )
            )  # fmt: skip
    return tuple(rows)


def _sign_row(
    drug: str, twins: Mapping[tuple[str, float], Interval], score: str, model: Model
) -> DrugGateRow:
    """Return the sign of a drug without a published row, in the main score of its twins."""
    week = max(week for arm, week in twins if arm == drug)
    found = twins[drug, week]
    sign = _good_sign(score, model)
    given = model.input(drug)
    return DrugGateRow(
        drug=drug if given is None else given.description,
        measure=f"{short_name(score, model.endpoints)}, week {week:g}, same patients, noise off",
        source="no placebo-controlled row in the evidence",
        simulated=found,
        published=Interval(None, None, None),
        verdict="passed" if sign * (found.estimate or 0.0) > 0 else "failed",
        note="sign only: a benefit",
    )


def _strongest(model: Model, effects: Sequence[DrugEffect], stages: Sequence[_Stage]) -> str | None:
    """Return the drug that no default may make cells stronger than.

    A TNF inhibitor where one was published to help, else the drug with the largest effect of those
    that were; none where no drug was.
    """
    helpful = [effect.drug for effect in effects if effect.direction == "benefit"]
    if STRONGEST in helpful:
        return STRONGEST
    first = next((stage for stage in stages if any(map(cells_alone, stage.protocol.arms))), None)
    if first is None or not helpful:
        return None
    sign = _good_sign(first.score, model)
    sizes = {
        name: max(sign * (found.estimate or 0.0) for found in own)
        for name in helpful
        if (own := [found for (arm, _), found in first.twins.items() if arm == name])
    }
    return max(sizes, key=lambda name: sizes[name], default=None)


def _good_sign(score: str, model: Model) -> float:
    return -1.0 if better(score, model.endpoints) == "lower" else 1.0


def _strength(stage: _Stage, model: Model, strongest: str | None) -> tuple[StrengthRow, ...]:
    """Return the cells beside the drug that they may not exceed, in twins, week by week."""
    sign = _good_sign(stage.score, model)
    name = short_name(stage.score, model.endpoints)
    weeks = sorted({week for _, week in stage.twins})
    rows = []
    for arm in stage.protocol.arms:
        for week in weeks:
            limit = stage.twins.get((strongest or "", week))
            if cells_alone(arm) and limit is not None:
                cells, drug = stage.twins[arm.id, week].estimate or 0.0, limit.estimate or 0.0
                passed = sign * cells <= max(sign * drug, 0.0)
                rows.append(StrengthRow(arm.label, f"{name} week {week:g}", cells, drug, passed))
    return tuple(rows)
