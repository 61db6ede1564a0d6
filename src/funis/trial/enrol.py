"""Screening: untreated, fluctuating patients of the pool are observed and enter if they qualify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, IssueList
from funis.models import Model
from funis.models.endpoints import evaluate_endpoints
from funis.population import choose, fluctuation
from funis.protocol import Criterion, DoseEvents, Protocol, no_doses
from funis.solver import FAILED, Forcing, ParameterTable, simulate
from funis.trial.observe import (
    OBSERVING,
    Array,
    Integers,
    Observers,
    observables,
    observe,
    observers,
)
from funis.trial.sites import sites_of
from funis.trial.study import MINUTES_PER_DAY, Study

MOST_ATTEMPTS = 60
"""Candidates seen for one place in the trial before the criteria are called impossible."""

TOGETHER = 64
"""Candidates seen at once: where few places are left, the next ones of each place as well.

Whoever comes after the first that fits is not looked at: how many are seen changes no byte.
"""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Patients at randomisation.

    Attributes
    ----------
    patient : (patient,) index in the trial, the key of everything.
    attempt : (patient,) how many candidates were turned away before this one.
    states : (patient, state) at day 0, before any dose.
    status : (patient,) of the run-in.
    deviation : (patient,) of the run-in, see `funis.solver.Trajectories`.
    """

    patient: Integers
    attempt: Integers
    site: Integers
    parameters: ParameterTable
    states: Array
    status: NDArray[np.int8]
    deviation: Array

    def rows(self, index: Integers) -> Enrolled:
        """Return some patients."""
        return Enrolled(
            self.patient[index],
            self.attempt[index],
            self.site[index],
            self.parameters.rows(index),
            self.states[index],
            self.status[index],
            self.deviation[index],
        )

    @staticmethod
    def joined(parts: Sequence[Enrolled]) -> Enrolled:
        """Put patients together, in the order of the parts."""
        names = parts[0].parameters.names
        return Enrolled(
            np.concatenate([part.patient for part in parts]),
            np.concatenate([part.attempt for part in parts]),
            np.concatenate([part.site for part in parts]),
            ParameterTable(names, np.concatenate([part.parameters.values for part in parts])),
            np.concatenate([part.states for part in parts]),
            np.concatenate([part.status for part in parts]),
            np.concatenate([part.deviation for part in parts]),
        )

    def covariate(self, name: str) -> Array:
        """Return one parameter of each patient, (patient,)."""
        column: Array = self.parameters.values[:, self.parameters.names.index(name)]
        return column


def enrol(study: Study, patients: Integers) -> Enrolled:
    """Fill places in a trial with patients who meet its criteria.

    Each place sees candidates of the pool, chosen by key, until one qualifies: disease fluctuates
    through the run-in, is observed at screening and at baseline, and is judged by the criteria.
    A candidate whom no solver solves takes the place and counts as failed.

    Raises
    ------
    InputError
        Nobody qualified for a place in `MOST_ATTEMPTS` candidates.
    """
    parts: list[Enrolled] = []
    waiting, number = np.asarray(patients, dtype=np.int64), 0
    while len(waiting) and number < MOST_ATTEMPTS:
        together = min(max(TOGETHER // len(waiting), 1), MOST_ATTEMPTS - number)
        found = _first_fitting(study, waiting, np.arange(number, number + together))
        parts.append(found)
        waiting = np.setdiff1d(waiting, found.patient)
        number += together
    if len(waiting):
        raise _nobody(study, len(waiting))
    return _in_order(parts, patients)


def unscreened(study: Study, patients: Integers) -> Enrolled:
    """Return the first candidate of each place, neither solved nor judged by any criterion."""
    return _candidates(study, patients, np.zeros_like(patients))


def _first_fitting(study: Study, patients: Integers, attempts: Integers) -> Enrolled:
    """Return the first candidate who fits of each place that has one."""
    row = np.repeat(patients, len(attempts))
    candidates = _candidates(study, row, np.tile(attempts, len(patients)))
    candidates = candidates.rows(np.flatnonzero(_qualified_covariates(study, candidates)))
    if len(candidates.patient) == 0:
        return candidates
    candidates, truth = run_in(study, candidates)
    fits = np.flatnonzero(_qualified(study, candidates, truth))
    _, first = np.unique(candidates.patient[fits], return_index=True)
    return candidates.rows(fits[first])


def _candidates(study: Study, patients: Integers, attempts: Integers) -> Enrolled:
    row = choose(study.pool, study.seed, patients, attempts)
    table = ParameterTable(study.pool.names, study.pool.values[row])
    table = table.replaced(study.protocol.shared_parameters)
    return Enrolled(
        patients,
        attempts,
        sites_of(study, patients),
        table,
        np.full((len(patients), len(study.model.form.states)), np.nan),
        np.zeros(len(patients), dtype=np.int8),
        np.full(len(patients), np.nan),
    )


def forcing_of(study: Study, who: Enrolled, last_minute: int) -> Forcing:
    """Return the fluctuation of each patient from the start of the run-in to a minute."""
    first = run_in_day(study.protocol)
    knots = int(np.ceil((last_minute / MINUTES_PER_DAY - first) / 7.0)) + 2
    path = fluctuation(
        study.seed, who.patient, who.covariate("noise_time"), first, knots, who.attempt
    )
    name = study.model.text.words("forcing")[0]
    return Forcing(name, float(path.first_day), float(path.step_day), path.values, path.slopes)


def run_in_day(protocol: Protocol) -> int:
    """Return the day on which the run-in begins, a whole number of weeks before day 0."""
    population = protocol.population
    return int(np.floor((population.screening_day - 7 * population.run_in_week) / 7.0)) * 7


def observers_of(study: Study, who: Enrolled) -> Observers:
    """Return how the patients are observed in this study."""
    values = {name: who.covariate(name) for name in OBSERVING}
    return observers(study.seed, who.patient, who.attempt, who.site, values)


def run_in(
    study: Study, who: Enrolled, doses: DoseEvents | None = None
) -> tuple[Enrolled, dict[int, dict[str, Array]]]:
    """Let disease fluctuate until day 0; the truth at screening and at baseline.

    Parameters
    ----------
    doses
        What is taken all the while, patients by their row; nothing by default.

    Returns
    -------
    tuple
        Patients with their state at day 0, and minute -> observable -> (patient,).
    """
    screening = round(study.protocol.population.screening_day * MINUTES_PER_DAY)
    names = observables(study.model)
    times = np.array([run_in_day(study.protocol) * MINUTES_PER_DAY, screening, 0], dtype=np.int64)
    found = simulate(
        study.model,
        who.parameters,
        no_doses() if doses is None else doses,
        times,
        forcing=forcing_of(study, who, 0),
        outputs=names,
        rtol=study.rtol,
        checked=study.checked(who.patient),
    )
    truth = {
        minute: {name: found.values[:, visit, place] for place, name in enumerate(names)}
        for visit, minute in ((1, screening), (2, 0))
    }
    return (
        replace(who, states=found.end, status=found.status, deviation=found.deviation),
        truth,
    )


def _qualified_covariates(study: Study, who: Enrolled) -> NDArray[np.bool_]:
    """Judge the criteria that need no observation, so that nobody is simulated in vain."""
    columns = covariates(study.model, who)
    keep = np.ones(len(who.patient), dtype=np.bool_)
    for criterion in study.protocol.population.criteria:
        if criterion.expression.names <= set(columns):
            keep &= np.asarray(criterion.expression.evaluate(columns), dtype=np.bool_)
    return keep


def _qualified(
    study: Study, who: Enrolled, truth: dict[int, dict[str, Array]]
) -> NDArray[np.bool_]:
    keep = np.ones(len(who.patient), dtype=np.bool_)
    for minute, seen_truth in truth.items():
        visit = "baseline" if minute == 0 else "screening"
        criteria = [c for c in study.protocol.population.criteria if visit in c.visits]
        if criteria:
            keep &= _meets(study, who, criteria, minute, seen_truth)
    return np.asarray(keep | (who.status == FAILED))


def _meets(
    study: Study, who: Enrolled, criteria: list[Criterion], minute: int, truth: dict[str, Array]
) -> NDArray[np.bool_]:
    seen = observe(study.model, observers_of(study, who), truth, minute, entry=True)
    names = {name for criterion in criteria for name in criterion.expression.names}
    wanted = [name for name in names if name in study.model.endpoints.order]
    scores = evaluate_endpoints(study.model.endpoints, seen, seen, names=wanted)
    columns = covariates(study.model, who) | seen | scores
    keep = np.ones(len(who.patient), dtype=np.bool_)
    for criterion in criteria:
        keep &= np.asarray(criterion.expression.evaluate(columns), dtype=np.bool_)
    return keep


def covariates(model: Model, who: Enrolled) -> dict[str, Array]:
    """Return the columns of the subjects table that are known at entry."""
    return {column: who.covariate(name) for name, column in model.covariates.items()}


def _in_order(parts: list[Enrolled], patients: Integers) -> Enrolled:
    whole = Enrolled.joined(parts)
    order = np.argsort(whole.patient, kind="stable")
    assert np.array_equal(whole.patient[order], np.sort(patients))
    return whole.rows(order)


def _nobody(study: Study, places: int) -> InputError:
    words = (
        f"no virtual patient met the entry criteria for {places} places"
        f" in {MOST_ATTEMPTS} candidates each"
    )
    issue = Issue(
        study.protocol.file,
        study.protocol.where.line(("population", "criteria")),
        "population.criteria",
        words,
        "criteria that the patients of the disease can meet",
    )
    return InputError(IssueList((issue,)))
