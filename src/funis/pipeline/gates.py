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
    protocol = placebo_alone(template.protocol, last)
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
    cells = [arm for arm in template.protocol.arms if cells_alone(arm)]
    first = drug_trial(template.protocol, model, [*drug_arms(model, targeted), *cells], ())
    second = drug_trial(template.protocol, model, drug_arms(model, background), background)
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
        reference = reference_of(protocol).id
        published += [gate_row(row, results, row.drug, reference, model) for row in rows]
        unknown = [name for name in drugs if name not in {row.drug for row in rows}]
        published += [_sign_row(name, protocol, results, model) for name in unknown]
        failed += sum(arm.n_failed for arm in results.arms)
    strength = _strength(effects, model, template.protocol)
    return PharmacologyGate(
        model.id, patients, seed, failed, tuple(effects), tuple(published), strength
    )


def _raw_pool(model: Model, draws: int, seed: int, workers: int, progress: Progress) -> Pool:
    with Processes(model, workers) as processes:
        return build_pool(model, draws, seed, run=mapped(processes, progress))


def _evidence(model: Model) -> Evidence:
    evidence = find_evidence(model)
    if evidence is None:
        message = f"the library has no evidence on '{model.id}'"
        raise InputError(Issue(None, None, None, message, "files in library/evidence"))
    return evidence


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


