"""The published rows of stages 1 and 2 of calibration, and the trials they are simulated in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr

from funis.calibrate.arm_columns import Asked
from funis.calibrate.measures import (
    MEASURES,
    NORMAL_95,
    RATIOS,
    SCALES,
    Kind,
    error_from_interval,
    linked,
)
from funis.calibrate.stages import StageRow
from funis.evidence import Evidence
from funis.models import Model
from funis.pipeline.drugs import background_drugs, drug_inputs
from funis.pipeline.gate_trials import by_trial, drug_arms, drug_trial, placebo_alone, reference_of
from funis.pipeline.inputs import Trial
from funis.pipeline.pharmacology import POINT_SHARE, DrugEffect, drug_effects, measure_text
from funis.pipeline.targets import Target, all_targets, library_trial, target_name
from funis.protocol import SUMMARY_OF, Protocol, Visits


@dataclass(frozen=True, slots=True)
class StageTrial:
    """A trial, and the published rows that are simulated in its patients."""

    name: str
    template: Trial
    protocol: Protocol
    rows: tuple[StageRow, ...]


def placebo_trials(model: Model, evidence: Evidence) -> tuple[StageTrial, ...]:
    """Return the trials of stage 1: their placebo arms beside the published targets.

    Raises
    ------
    InputError
        A target that nothing can be held against.
    """
    found = all_targets(evidence, model.endpoints)
    items = [(target, library_trial(target.row.trial, model.id)) for target in found]
    return tuple(_placebo_trial(trial, own) for trial, own in by_trial(model, items))


def drug_trials(model: Model, evidence: Evidence) -> tuple[StageTrial, ...]:
    """Return the trials of stage 2: targeted drugs whose size is published, against placebo.

    Hard rows of the pharmacology gate, on scales that are a difference of two arms; not those
    against another drug.
    """
    effects = [
        effect
        for effect in drug_effects(evidence, model, drug_inputs(model))
        if effect.tier == "hard" and effect.scale in SCALES and effect.compared_with is None
        and (effect.effect is not None or effect.low is not None)
    ]  # fmt: skip
    background = background_drugs(model)
    trials = []
    for trial, own in by_trial(model, [(effect, effect.trial) for effect in effects]):
        for taken in (False, True):
            part = [effect for effect in own if (effect.drug in background) == taken]
            if part:
                trials.append(_drug_trial(trial, part, evidence, without=taken))
    return tuple(trials)


def _placebo_trial(template: Trial, found: Sequence[Target]) -> StageTrial:
    protocol = placebo_alone(template.protocol, [target.request.week for target in found])
    arm = protocol.arms[0].id
    rows = [_placebo_row(target, arm, template) for target in found]
    return StageTrial(template.name, template, protocol, tuple(rows))


def _placebo_row(target: Target, arm: str, template: Trial) -> StageRow:
    kind: Kind = "geometric" if target.geometric else MEASURES[target.request.measure]
    between = (target.spread_low, target.spread_high)
    value = target.estimate
    if math.isnan(value):
        value = sum(between) / 2
    error = 0.0
    if not math.isnan(target.low):
        error = error_from_interval(kind, value, target.low, target.high)
    patients = float(target.row.n or math.inf)
    return StageRow(
        target.row.id, target_name(target, template.model.endpoints), template.name,
        source_of(target.row.id), kind, (Asked(arm, target.request, target.geometric),),
        linked(kind, value, patients), error,
        0.0 if math.isnan(between[0]) else _between(kind, value, between, target.row.trials),
    )  # fmt: skip


def source_of(row: str) -> str:
    """Return what rows of the same patients have in common: the first word of their ids."""
    return row.split("_")[0]


def _between(
    kind: Kind, value: float, between: tuple[float, float], trials: int | None
) -> float:  # fmt: skip
    """Return the standard deviation between trials behind a range.

    The range of a known number of trials is that many times its standard deviation as is expected
    of normal values (Tippett 1925); any other is taken for the central 95 % (assumed).
    """
    error = error_from_interval(kind, value, *between)
    if trials is None or trials < 2:
        return error
    return error * 2 * NORMAL_95 / expected_range(trials)


def expected_range(count: int) -> float:
    """Return the mean range of some standard normal values (Tippett 1925, Biometrika 17:364)."""

    def outside(x: float) -> float:
        below = float(ndtr(x))
        return 1 - below**count - (1 - below) ** count

    return float(quad(outside, -9, 9, limit=200)[0])


def _drug_trial(
    template: Trial, effects: Sequence[DrugEffect], evidence: Evidence, *, without: bool
) -> StageTrial:
    model = template.model
    drugs = tuple(dict.fromkeys(effect.drug for effect in effects))
    weeks = [effect.request.week for effect in effects]
    arms = drug_arms(model, drugs)
    protocol = drug_trial(template.protocol, model, arms, drugs if without else (), weeks)
    reference = reference_of(protocol).id
    protocol = _up_to(protocol, effects)
    rows = [_drug_row(effect, reference, template, evidence) for effect in effects]
    name = f"{template.name}-without-background" if without else template.name
    return StageTrial(name, template, protocol, tuple(rows))


def _up_to(protocol: Protocol, effects: Sequence[DrugEffect]) -> Protocol:
    """Return the trial up to the last published week: later visits change nothing."""
    last = max(effect.request.week for effect in effects)
    weeks = tuple(week for week in protocol.visits.weeks if week <= last)
    requests = {effect.request.key: effect.request for effect in effects}
    first, *others = requests.values()
    endpoints = (replace(first, role="primary"), *others)
    rule = protocol.success
    if rule is not None:
        measure = SUMMARY_OF[first.measure]
        rule = replace(rule, endpoint=first.endpoint, week=first.week, measure=measure)
    return replace(protocol, visits=Visits(weeks), endpoints=endpoints, success=rule)


def _drug_row(
    effect: DrugEffect, reference: str, template: Trial, evidence: Evidence
) -> StageRow:  # fmt: skip
    kind = SCALES[effect.scale]
    value, error = _size(kind, effect)
    sizes = tuple(size for size in effect.sizes if size)
    if error is None and (len(sizes) < 2 or kind in RATIOS):
        error = abs(value) * POINT_SHARE / NORMAL_95
    study = evidence.study(effect.study)
    asked = tuple(Asked(arm, effect.request) for arm in (effect.drug, reference))
    words = measure_text(effect, template.model.endpoints)
    return StageRow(
        f"{effect.study}: {effect.drug}, {effect.request.key}", f"{effect.drug}: {words}",
        template.name, getattr(study, "family", None) or study.id, kind, asked, value, error,
        0.0, sizes,
    )  # fmt: skip


def _size(kind: Kind, effect: DrugEffect) -> tuple[float, float | None]:
    """Return a published effect and its error, None where no interval was printed.

    The range of a class is taken for the central 95 %, its middle for the effect (assumed).
    """
    if effect.low is None or effect.high is None:
        assert effect.effect is not None
        return linked(kind, effect.effect), None
    error = error_from_interval(kind, 0.0, effect.low, effect.high)
    if effect.effect is not None:
        return linked(kind, effect.effect), error
    return float(np.mean([linked(kind, x) for x in (effect.low, effect.high)])), error
