"""`funis control`: what a control arm of these patients, background and size would report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.control import METHODS, Case, Forecast, forecast
from funis.calibrate.control_arms import ControlArm
from funis.calibrate.control_drift import Drift
from funis.calibrate.control_scores import LEAST_COMPARABLE, MIXTURE, mixed
from funis.pipeline.control_cases import PATIENTS, simulated_arm
from funis.pipeline.control_request import Asked, Question, asked
from funis.pipeline.control_score import Standing, kept_standing, known, sign_of
from funis.pipeline.drugs import BACKGROUND
from funis.pipeline.inputs import require_whole
from funis.pipeline.processes import Progress, silent
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE

Array = NDArray[np.float64]

NAME = "(asked)"

WORDS = {
    "model": "virtual patients, and how far trials lie from theirs",
    "map": "other trials alone, robust meta-analytic-predictive prior",
    "adjusted": "virtual patients, moved by what they miss in those trials",
    "mixture": "mixture of the three",
}


@dataclass(frozen=True, slots=True, eq=False)
class ControlPrediction:
    """A predicted control arm.

    Attributes
    ----------
    asked : Asked
    case : the simulated arm.
    made : draws of each method.
    printed : method whose prediction is the answer.
    standing : how the methods did in the evidence.
    drift : with the year.
    """

    asked: Asked
    case: Case
    made: Forecast
    printed: str
    standing: Standing
    drift: Drift
    patients: int

    @property
    def draws(self) -> Mapping[str, Array]:
        """Draws by method, the mixture among them where other trials have the endpoint."""
        if not self.made.comparable:
            return self.made.draws
        mixture = mixed(self.made.draws, np.array(self.standing.weights))
        return {**self.made.draws, MIXTURE: mixture}

    @property
    def year_text(self) -> str:
        """What the year of the trial changes, in words."""
        year, found = self.asked.year, self.drift
        learned = f"{found.mean:+.2f} (sd {found.sd:.2f}) standard deviations between patients"
        if year is None:
            return "not asked for"
        if not found.known:
            return (
                f"{year} changes nothing: {found.trials} dated trials with a comparable one say"
                " too little of a drift"
            )
        dated = sum(case.arm.year is not None for case in self.made.comparable)
        note = "" if dated else "; the other trials with this endpoint have no year"
        return f"{year}: {learned} a decade, from {found.trials} dated trials{note}"

    def numbers(self, method: str) -> dict[str, float]:
        """Return the median and the central intervals of a method."""
        draws = self.draws[method]
        at = np.quantile(draws, [0.5, 0.1, 0.9, 0.025, 0.975])
        return dict(
            zip(("predicted", "low80", "high80", "low95", "high95"), map(float, at), strict=True)
        )

    def document(self) -> dict[str, Any]:
        """Return the prediction as plain data."""
        one, near = self.asked, self.made.comparable
        document: dict[str, Any] = {
            "research_use": RESEARCH_USE,
            "disease": one.model.id,
            "endpoint": one.request.endpoint,
            "measure": one.request.measure,
            "week": one.request.week,
            "unit": self.unit,
            "n": one.n,
            "trial": one.trial.name,
            "criteria": list(one.criteria),
            "background": None if one.background is None else list(one.background),
            "year": {"given": one.year, "text": self.year_text},
            **self.numbers(self.printed),
            "basis": self._basis(),
            "map": self._method("map") | {"trials": [_trial(case) for case in near]},
            "model": self._method("model") | {
                "simulated": self.case.simulated, "virtual_patients": self.patients,
                "spread_between_patients": self.case.spread,
                "spread_between_trials": self.made.between,
                "trials_behind_the_spread": len({case.arm.trial for case in self.made.others}),
            },
            "adjusted": self._method("adjusted"),
        }  # fmt: skip
        if MIXTURE in self.draws:
            weights = dict(zip(METHODS, self.standing.weights, strict=True))
            document[MIXTURE] = self._method(MIXTURE) | {"weights": weights}
        plain: dict[str, Any] = finite(document)
        return plain

    def _basis(self) -> dict[str, Any]:
        """Return what the printed prediction rests on."""
        near = self.made.comparable
        others = self.made.others if self.printed == "model" else near
        trials = {case.arm.trial: case.arm.n for case in others}
        return {
            "studies": len(trials), "patients": sum(trials.values()), "method": self.printed,
            "leave_one_out": {"score": dict(self.standing.scores), "trials": self.standing.trials,
                              "rows": self.standing.rows},
        }  # fmt: skip

    def _method(self, name: str) -> dict[str, Any]:
        return dict(self.numbers(name)) | {"leave_one_out": self.standing.scores.get(name)}

    @property
    def unit(self) -> str:
        """Unit of the prediction."""
        request = self.asked.request
        if request.measure == "responder":
            return "proportion"
        unit = self.asked.model.endpoints.number(request.endpoint).unit
        return f"{unit} per patient-year" if request.measure == "rate" else unit

    def lines(self) -> list[str]:
        """Return the answer in words: what is predicted, for whom, on what it rests."""
        one, found = self.asked, self.numbers(self.printed)
        name = f"{one.request.endpoint} ({one.request.measure}) at week {one.request.week:g}"
        criteria = "; ".join(one.criteria) or "none"
        return [
            f"Control arm of {one.model.id}: {name}, {one.n} patients",
            f"Patients of {one.trial.name}; criteria: {criteria}; background: {self._drugs()}",
            f"Predicted: {self._text(found)}",
            f"Printed is the {self.printed}: {self._why()}",
            self._rests(),
            f"Year: {self.year_text}.",
        ]

    def _drugs(self) -> str:
        """Return the background in words."""
        asked_for, known_of = self.asked.background, self.asked.model.covariates
        if asked_for is None:
            return "as in the trial"
        unknown = [name for name in asked_for if f"{BACKGROUND}{name}" not in known_of]
        note = " (which patients of this disease are not told apart by)" if unknown else ""
        return (", ".join(asked_for) or "none") + note

    def _rests(self) -> str:
        """Return what the printed prediction rests on, in words."""
        basis = self._basis()
        if not basis["studies"]:
            return (
                f"It rests on {self.patients} virtual patients and on no trial: how far trials lie"
                " from them is assumed (library/calibration.yaml)."
            )
        return (
            f"It rests on {basis['studies']} trials with {basis['patients']} control patients and"
            f" on {self.patients} virtual patients."
        )

    def _why(self) -> str:
        if len(self.made.comparable) < LEAST_COMPARABLE:
            return "no other trial of the evidence has this endpoint near this week."
        text = f"the best of four when each of {self.standing.trials} trials is left out"
        if self.printed == MIXTURE:
            return f"{text} ({self.standing.weights_text()})."
        return f"{text}."

    def _text(self, found: Mapping[str, float]) -> str:
        parts = [
            self._number(found[key]) for key in ("predicted", "low80", "high80", "low95", "high95")
        ]
        unit = "" if self.unit == "proportion" else f" {self.unit}"
        return f"{parts[0]}{unit} (80 %: {parts[1]} to {parts[2]}; 95 %: {parts[3]} to {parts[4]})"

    def _number(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self.unit == "proportion" else f"{value:.3g}"

    def tables(self) -> tuple[Table, ...]:
        """Return the methods side by side, and the trials with the same endpoint."""
        rows = tuple(
            (
                name,
                self._text(self.numbers(name)),
                _score(self.standing.scores.get(name)),
                WORDS[name],
            )
            for name in self.draws
        )
        trials = tuple(
            (case.arm.trial, f"{case.arm.year or ''}", f"{case.arm.request.week:g}",
             f"{case.arm.n}{'' if case.arm.size_known else ' (assumed)'}",
             self._number(case.arm.observed), self._number(case.simulated), case.arm.source)
            for case in self.made.comparable
        )  # fmt: skip
        columns = ("trial", "year", "week", "n", "published", "simulated", "source")
        found = [Table("By method", ("method", "prediction", "left out", "what it is"), rows)]
        if trials:
            found.append(Table("Trials with this endpoint near this week", columns, trials))
        return tuple(found)


def predict_control(
    disease: str | Path, *, patients: int = PATIENTS, workers: int | None = None,
    progress: Progress = silent, **question: Unpack[Question],
) -> ControlPrediction:  # fmt: skip
    """Predict what a control arm would report.

    Parameters are those of `control_request.Question`; ``patients`` are virtual ones.

    Raises
    ------
    InputError
        One line for each fault of what is asked, or nobody meets the criteria.
    """
    require_whole(50, patients=patients)
    require_whole(workers=workers)
    one = asked(disease, **question)
    made = simulated_arm(one.trial, one.protocol, [one.request], patients, workers, progress)
    case = made.case(_arm(one), one.model.endpoints)
    evidence = known(one.model, patients=patients, workers=workers, progress=progress)
    shift = evidence.drift.shift(one.year, sign_of(one.request.endpoint, one.model))
    found = forecast(case, evidence.cases, evidence.rules, one.n, shift)
    stands = kept_standing(evidence)
    printed = stands.printed if found.comparable else "model"
    return ControlPrediction(one, case, found, printed, stands, evidence.drift, patients)


def _arm(one: Asked) -> ControlArm:
    return ControlArm(
        NAME, NAME, one.trial.name, one.request, math.nan, math.nan, one.n, True, one.year, False,
        (), "",
    )  # fmt: skip


def _trial(case: Case) -> dict[str, Any]:
    arm = case.arm
    return {
        "trial": arm.trial, "record": arm.record, "year": arm.year, "week": arm.request.week,
        "n": arm.n, "n_printed": arm.size_known, "observed": arm.observed,
        "simulated": case.simulated, "source": arm.source,
    }  # fmt: skip


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
