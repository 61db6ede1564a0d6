"""What a run leaves open because the model is not known: draws of the posterior, told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis import Results
from funis.calibrate.ensemble import CALIBRATABILITY, Basis, Ensemble, library_ensemble, no_effect
from funis.calibrate.unreported_file import null_entry, null_sentence
from funis.checks import InputError, Issue, nearest
from funis.models import Model
from funis.pipeline.processes import Processes, Progress
from funis.pipeline.reporting.courses import durability_score, score_course
from funis.population.scores import ScoreReader
from funis.report.content import Interval, UncertaintyRow, UncertaintyView
from funis.trial import Study, week_minute
from funis.trial.observe import Integers
from funis.trial.twins import Courses, effects_by_draw

Array = NDArray[np.float64]

CHOICES = ("borrowed", "own", "prior", "none")
"""What a run may draw its cells from; ``none`` takes the library's numbers as they are."""

ROWS = 24
"""Draws of the posterior that the same patients are followed under."""

PATIENTS = 24
"""Patients who are followed under every draw."""

PIECE = 4

NORMAL_95 = 1.959964
"""Half width of a 95 % interval, in standard errors."""

ENOUGH = 10.0
"""How much the rows must raise the odds of an effect, without whichever study raises them most, to
be said to tell an effect from none (assumed)."""


def chosen_ensemble(model: Model, basis: str) -> Ensemble | None:
    """Return the ensemble that a run draws from; None where there is none, or none is wanted.

    Raises
    ------
    InputError
        Another word than those of `CHOICES`.
    """
    if basis not in CHOICES:
        near = nearest(basis, CHOICES)
        expected = f"one of {', '.join(CHOICES)}"
        raise InputError(
            Issue(None, None, "ensemble", f"unknown ensemble '{basis}'", expected, near)
        )
    found = None if basis == "none" else library_ensemble(model.id)
    return found if found is not None and found.about.get("model") == model.hash else None


@dataclass(frozen=True, slots=True, eq=False)
class DrawPlan:
    """At which times, by which outputs and draws patients are followed: a task for some of them."""

    minutes: Integers
    outputs: tuple[str, ...]
    rows: Integers

    def __call__(self, study: Study, patients: range) -> Array:
        """Follow some patients under every arm and draw."""
        return effects_by_draw(study, patients, self.minutes, self.outputs, self.rows)


def chances(ensemble: Ensemble) -> dict[str, float]:
    """Return the probability that cells do nothing, by basis."""
    return {str(name): no_effect(one) for name, one in ensemble.draws.items()}


def against_none(ensemble: Ensemble) -> float:
    """Return how much the rows raise the odds of an effect, without the most telling study."""
    return float(ensemble.about["against_none"]["without_the_most_telling"])


def uncertainty_view(
    study: Study, results: Results, ensemble: Ensemble, basis: Basis,
    processes: Processes[Study], progress: Progress,
) -> UncertaintyView:  # fmt: skip
    """Return what is not known of the cells, and what it does to the arms of a trial."""
    draws = ensemble.draws[basis]
    factor = draws.points.factors[:, draws.points.names.index("potency")]
    acting = factor[factor > 0]
    low, middle, high = np.quantile(acting, [0.1, 0.5, 0.9]) if len(acting) else (0.0, 0.0, 0.0)
    chance, against = chances(ensemble), against_none(ensemble)
    known = ensemble.about["calibratability"]
    rests_on: Mapping[str, int | str] = {key: known[key] for key in CALIBRATABILITY}
    view = UncertaintyView(
        basis, chance, Interval(float(middle), float(low), float(high)), rests_on,
        against >= ENOUGH, against, unreported=_unreported(study.model.id),
    )  # fmt: skip
    return _with_rows(view, study, results, processes, progress)


def _unreported(disease: str) -> str:
    entry = null_entry(disease)
    return "" if entry is None else null_sentence(entry)


def _with_rows(
    view: UncertaintyView, study: Study, results: Results, processes: Processes[Study],
    progress: Progress,
) -> UncertaintyView:  # fmt: skip
    protocol, model = study.protocol, study.model
    score = durability_score(protocol, model.endpoints)
    if score is None or protocol.reference is None or study.ensemble is None:
        return view
    week = protocol.primary[0].week
    minutes = np.array([0, week_minute(week)], dtype=np.int64)
    outputs = ScoreReader.of(model, [score]).outputs
    rows = np.linspace(0, len(study.ensemble) - 1, ROWS).round().astype(np.int64)
    plan = DrawPlan(minutes, tuple(outputs), rows)
    pieces = [
        range(at, at + PIECE) for at in range(0, min(PATIENTS, study.patients_per_arm), PIECE)
    ]
    parts = list(progress("Draws of the model", processes.map(plan, pieces), len(pieces)))
    effects = _effects(study, np.concatenate(parts, axis=2), minutes, tuple(outputs), score)
    item = model.endpoints.number(score)
    shown = [
        (arm, effects[:, place])
        for place, arm in enumerate(protocol.arms)
        if arm.id != protocol.reference.id
    ]
    return replace(
        view, score=item.name, unit=item.unit, week=week, draws=len(rows),
        rows=tuple(
            _row(arm.id, arm.label, found, _standard_error(results, arm.id, score, week))
            for arm, found in shown
        ),
    )  # fmt: skip


def _effects(
    study: Study, values: Array, minutes: Integers, outputs: Sequence[str], score: str
) -> Array:
    """Return differences to the reference arm at the last time, (draw, arm, patient)."""
    draws, arms, patients = values.shape[:3]
    who = np.arange(patients, dtype=np.int64)
    status = np.zeros(patients, dtype=np.int8)
    reference = next(place for place, arm in enumerate(study.protocol.arms) if arm.reference)
    found = np.empty((draws, arms, patients))
    for draw in range(draws):
        for arm in range(arms):
            course = Courses("", who, minutes, tuple(outputs), values[draw, arm], status)
            found[draw, arm] = score_course(study.model, course, score)[:, -1]
    return np.asarray(found - found[:, [reference]])


def _standard_error(results: Results, arm: str, score: str, week: float) -> float:
    """Return the standard error of a difference in the trial; not-a-number where it has none."""
    key = f"{score}_change@{week:g}"
    for one in results.contrasts:
        if (one.arm, one.endpoint) == (arm, key):
            return (one.high - one.low) / (2 * NORMAL_95)
    return float("nan")


def _row(arm: str, label: str, effects: Array, error: float) -> UncertaintyRow:
    means = np.nanmean(effects, axis=1)
    low, middle, high = np.quantile(means, [0.1, 0.5, 0.9])
    within = float(np.sqrt(np.nanmean(np.nanvar(effects, axis=1, ddof=1))))
    return UncertaintyRow(
        arm, label, Interval(float(middle), float(low), float(high)), within, error,
        float(np.std(means, ddof=1)),
    )  # fmt: skip
