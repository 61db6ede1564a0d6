"""The testimonial filter: how accounts of improvement arise in virtual patients on placebo.

Nobody gets an acting cell. Step by step: what changes by itself, what entry into a trial at a bad
time adds, what measuring adds, what expectation adds, and who tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.analysis import wilson
from funis.calibrate.points import NO_CELLS, Points, enrolled, follow_points
from funis.checks import InputError, Issue
from funis.claims.register import Felt, Register, library_register
from funis.claims.telling import ratio_needed, told_interval
from funis.claims.values import Chain, Step
from funis.models import Model
from funis.pipeline.claims.asked import known_disease
from funis.pipeline.claims.kept import CachedAnswers
from funis.pipeline.claims.model import plain_trial, study_of
from funis.pipeline.inputs import require
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.reporting.courses import score_course
from funis.pipeline.reporting.endpoints import better, endpoint_name
from funis.population.scores import ScoreReader
from funis.protocol import EndpointRequest, Protocol
from funis.trial import Study
from funis.trial.twins import twin_courses
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY

Array = NDArray[np.float64]

PATIENTS = 300
"""Virtual patients on placebo."""

EXPECTATION = "expectation"
"""Parameter of how much a patient expects; 0 switches the expectation off."""


def accounts_of(
    disease: str | None = None,
    *,
    patients: int | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[Chain, ...]:
    """Return how accounts of improvement arise on placebo, in one disease or in all.

    Raises
    ------
    InputError
        An unknown disease.
    """
    count = PATIENTS if patients is None else patients
    require(patients=(count >= 2, count, "2 or more"))
    register = library_register()
    names = [n for n in known_disease(disease) if n in register.testimony.diseases]
    task = _Chains(register, count)
    with Processes(task, min(worker_count(workers), max(len(names), 1))) as processes:
        return tuple(progress("Accounts", processes.map(_Chains.__call__, names), len(names)))


class _Chains:
    """The chain of each disease."""

    def __init__(self, register: Register, patients: int) -> None:
        self.register, self.patients = register, patients

    def __call__(self, disease: str) -> Chain:
        return chain_of_disease(disease, self.register, self.patients)


def chain_of_disease(disease: str, register: Register, patients: int = PATIENTS) -> Chain:
    """Return how accounts arise in one disease, from the cache if it is there."""
    felt = register.testimony.diseases[disease]
    shares = CachedAnswers("accounts").of(
        lambda: improved_shares(felt, patients), felt.trial, repr(felt), patients
    )
    return chain_of(disease, felt, shares, register)


def improved_shares(felt: Felt, patients: int) -> dict[str, Any]:
    """Return how many of some patients on placebo are better, at each step."""
    trial = plain_trial(felt.trial)
    model = trial.model
    least = important_difference(model, felt)
    open_to_all = replace(
        trial.protocol, population=replace(trial.protocol.population, criteria=())
    )
    everybody = study_of(trial, _alone(open_to_all), patients)
    selected = study_of(trial, _alone(trial.protocol), patients)
    seen = _seen(selected, felt, range(patients))
    changes = [_true(everybody, felt), _true(selected, felt), seen[0], seen[1]]
    up = better(felt.endpoint, model.endpoints) == "higher"
    counts = [_improved(change if up else -change, least) for change in changes]
    unit = model.endpoints.number(felt.endpoint).unit
    return {
        "counts": counts,
        "least": least,
        "name": endpoint_name(felt.endpoint, model.endpoints),
        "unit": "" if unit in ("1", "dimensionless") else unit,
    }


def chain_of(disease: str, felt: Felt, shares: dict[str, Any], register: Register) -> Chain:
    """Return the chain with who tells at its end."""
    reached = [wilson(events, n) for events, n in shares["counts"]]
    ratio = register.testimony.telling.value
    labels = (
        "truly better, all with the disease",
        "truly better, those who entered at a bad time",
        "better as measured, without expectation",
        "better as measured, expecting a treatment",
    )
    told = Step(f"better among those who tell ({ratio:g} to 1)", told_interval(reached[-1], ratio))
    steps = tuple(Step(label, share) for label, share in zip(labels, reached, strict=True))
    return Chain(
        disease, felt.endpoint, str(shares["name"]), felt.felt, felt.week,
        float(shares["least"]), shares["unit"], int(shares["counts"][-1][1]), (*steps, told),
    )  # fmt: skip


def needed(chain: Chain, wanted: Sequence[float] = (0.6, 0.9)) -> tuple[float, ...]:
    """Return how many times as often the improved have to tell for some shares of accounts."""
    return tuple(ratio_needed(chain.steps[-2].share.estimate, share) for share in wanted)


def important_difference(model: Model, felt: Felt) -> float:
    """Return the change that counts as an improvement.

    Raises
    ------
    InputError
        The endpoint has no important difference.
    """
    number = model.endpoints.number(felt.endpoint)
    if number.minimal_important_difference is None:
        message = f"'{felt.endpoint}' has no minimal important difference"
        raise InputError(Issue(None, None, "testimony", message, "an endpoint that has one"))
    return number.minimal_important_difference


def _alone(protocol: Protocol) -> Protocol:
    """Return a trial of its reference arm alone."""
    assert protocol.reference is not None
    return replace(protocol, arms=(protocol.reference,), success=None)


def _true(study: Study, felt: Felt) -> Array:
    """Return the true change up to the week without cells, without measuring, (patient,)."""
    week = round(felt.week * DAYS_PER_WEEK * MINUTES_PER_DAY)
    outputs = ScoreReader.of(study.model, [felt.endpoint]).outputs
    minutes = np.array([0, week], dtype=np.int64)
    course = twin_courses(study, range(study.patients_per_arm), minutes, outputs)[0]
    values = score_course(study.model, course, felt.endpoint)
    change: Array = values[:, 1] - values[:, 0]
    return change


def _seen(study: Study, felt: Felt, patients: range) -> Array:
    """Return the measured change on placebo without and with expectation, (2, patient)."""
    (placebo,) = study.protocol.arms
    points = Points((NO_CELLS, EXPECTATION), np.array([[0.0, 0.0], [0.0, 1.0]]))
    request = EndpointRequest(felt.endpoint, felt.week, "change", "secondary")
    return follow_points(study, placebo, enrolled(study, patients), points, [request])[:, :, 0]


def _improved(benefit: Array, least: float) -> tuple[int, int]:
    known = benefit[~np.isnan(benefit)]
    return int(np.count_nonzero(known >= least - 1e-9)), len(known)
