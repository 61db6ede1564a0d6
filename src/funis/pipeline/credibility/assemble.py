"""What is known of how far a disease's model can be trusted: computed, or read from its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from funis.calibrate.ledger_file import Ledger
from funis.calibrate.planned import planned_trial
from funis.calibrate.posterior import contraction, draw
from funis.calibrate.sbc import Ranks, ranks
from funis.calibrate.validation import PREDICTORS, Validation
from funis.evidence import Evidence
from funis.models import Model
from funis.pipeline.calibrate import Calibration, borrowed, calibration, ensemble_of
from funis.pipeline.calibration_data import PATIENTS, POINTS, SEED, design
from funis.pipeline.credibility.card import GateTables, card_gates
from funis.pipeline.credibility.structures import Forms, competing_forms
from funis.pipeline.frozen_stages import frozen_draws
from funis.pipeline.inputs import load_trial, require_whole
from funis.pipeline.ledger_view import ledger_of
from funis.pipeline.planned import CONDUCTS, PlannedTrial, simulate_planned
from funis.pipeline.processes import Progress, silent
from funis.pipeline.uncertainty import ENOUGH
from funis.pipeline.unreported import Simulation
from funis.pipeline.validate import left_out
from funis.population import uniform

SBC_REPEATS = 50
"""Synthetic cohorts of the check of the posterior."""

LEAST_CONTRACTION = 0.1
"""Share of its prior's variance that studies have to take off a number that they identify."""

COVERAGE_80, COVERAGE_95, WIDTH = (0.72, 0.92), 0.9, 0.7
"""What leave-one-study-out is asked for: share in the 80 % interval, in the 95 %, width."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Where the variance of a planned trial's difference comes from, and its chance.

    Attributes
    ----------
    knowledge : share that lies in what cells do, studies that differ and the regimen;
        the rest is which patients come.
    """

    trial: str
    probability: float
    no_effect: float
    knowledge: float


@dataclass(frozen=True, slots=True, eq=False)
class Credibility:
    """All that the page of a disease says.

    Attributes
    ----------
    contraction
        Number of cells -> 1 - variance ratio against its prior, own rows only.
    forms : how far the demo trial moves under competing forms of the model.
    entries : ids of the ledger's predictions for the disease.
    """

    model: Model
    evidence: Evidence
    gates: Mapping[str, GateTables]
    about: Mapping[str, Any]
    contraction: Mapping[str, float]
    ensemble_tables: Any
    validation: Validation
    sbc: Ranks | None
    uncertainty: Uncertainty | None
    ledger: Ledger
    parameters: Mapping[str, int]
    forms: Forms | None

    @property
    def entries(self) -> tuple[str, ...]:
        """Predictions of the ledger for this disease."""
        return tuple(one.id for one in self.ledger.entries if one.disease == self.model.id)


def credibility(
    disease: str,
    *,
    workers: int | None = None,
    patients: int | None = None,
    points: int = POINTS,
    repeats: int = SBC_REPEATS,
    resume: bool = True,
    progress: Progress = silent,
) -> Credibility:
    """Return what is known of how far a disease's model can be trusted.

    Parameters
    ----------
    repeats
        Synthetic cohorts of the check of the posterior; none when 0.

    Raises
    ------
    InputError
        No such disease, or one without evidence.
    """
    require_whole(patients=patients)
    patients = PATIENTS if patients is None else patients
    found = calibration(
        disease, workers=workers, patients=patients, points=points, resume=resume, progress=progress
    )
    ensemble = ensemble_of(found, f"funis calibrate {disease}")
    statuses = Counter(str(one.status) for one in found.model.parameters)
    without = sum(not one.source for one in found.model.parameters)
    return Credibility(
        found.model, found.evidence, card_gates(found.model.folder / "card.md"), ensemble.about,
        contraction(found.table),
        {disease: ensemble}, left_out(found), _sbc(found, points, repeats),
        _uncertainty(found, workers, patients, points, resume, progress), ledger_of(),
        {**statuses, "without a source": without},
        competing_forms(
            found.model, ensemble, Simulation(workers, patients, points, resume, progress)
        ),
    )  # fmt: skip


def failures(found: Credibility) -> tuple[str, ...]:
    """Return what failed, each in one line: validation first, then gates, then what is missing."""
    said = [*_validation_failures(found.validation), *_calibration_failures(found)]
    for gate in found.gates.values():
        if gate.passed is False:
            said.append(f"gate {gate.gate} is not passed")
        said += [f"gate {gate.gate}: {line}" for line in gate.failures]
    missing = [
        name for name in ("population", "placebo", "pharmacology") if name not in found.gates
    ]
    said += [f"gate {name}: no table in the card" for name in missing]
    return tuple(said)


def _validation_failures(found: Validation) -> list[str]:
    if not found.studies:
        return ["no study of cells has a number that can be predicted: nothing is validated"]
    scores = {name: found.score(name) for name in PREDICTORS}
    said = [
        f"the model ({scores['model']:.4f}) does not beat {name.replace('_', ' ')}"
        f" ({scores[name]:.4f}) in mean CRPS by study, leave-one-study-out"
        for name in PREDICTORS[1:]
        if scores[name] <= scores["model"]
    ]
    said += _killed(found)
    inside80, inside95 = found.coverage(0.8), found.coverage(0.95)
    if not COVERAGE_80[0] <= inside80 <= COVERAGE_80[1]:
        said.append(
            f"the 80 % intervals hold {100 * inside80:.0f} % of {len(found.rows)} rows (72 to 92"
            " asked)"
        )
    if inside95 < COVERAGE_95:
        said.append(
            f"the 95 % intervals hold {100 * inside95:.0f} % of {len(found.rows)} rows (90 asked)"
        )
    if found.width > WIDTH:
        said.append(
            f"intervals are {found.width:.2f} times as wide as those of the prior (0.70 asked): the"
            " studies tell little"
        )
    brier = found.brier
    if brier is not None and brier[0] >= brier[1]:
        said.append(
            f"Brier score of an important difference {brier[0]:.3f}, base rate {brier[1]:.3f}"
            f" ({brier[2]} contrasts)"
        )
    return said + [
        f"outside its 95 % interval: {one.row.study}, {one.row.arm}, {one.row.request.key}:"
        f" published {one.row.observed:.3g}, predicted {one.quantile(0.5):.3g}"
        f" ({one.quantile(0.025):.3g} to {one.quantile(0.975):.3g})"
        for row in found.rows
        for one in [row.model]
        if not one.inside(0.95)
    ]


def _killed(found: Validation) -> list[str]:
    """Return whether placebo, regression and background explain the arms as well as cells do."""
    said = "an effect of cells is not identified: "
    gains = np.array([one.score("placebo_only") - one.score("model") for one in found.studies])
    if len(gains) < 2:
        return [f"{said}there is one study"]
    error = float(np.std(gains, ddof=1) / np.sqrt(len(gains)))
    if gains.mean() >= 2 * error:
        return []
    return [
        f"{said}placebo, regression to the mean and background explain the arms nearly as well"
        f" (gain in CRPS {gains.mean():+.4f}, standard error {error:.4f}, at least two asked)"
    ]


def _calibration_failures(found: Credibility) -> list[str]:
    said = []
    if found.about["calibratability"]["label"] == "borrowed":
        said.append("no controlled study with a known regimen: what cells do is borrowed")
    odds = found.about["against_none"]
    if odds["without_the_most_telling"] < ENOUGH:
        said.append(
            f"published studies do not tell an effect from none: they raise its odds"
            f" {odds['all_studies']:g}-fold, {odds['without_the_most_telling']:g}-fold without the"
            f" most telling one ({ENOUGH:g} asked)"
        )
    said += [
        f"{name}: the disease's own studies take {100 * share:.0f} % off the variance of its prior:"
        " not identified"
        for name, share in found.contraction.items()
        if share < LEAST_CONTRACTION
    ]
    if found.sbc is not None:
        said += [
            f"ranks of {name} are not uniform (p {found.sbc.p_value(name):.3g},"
            f" {len(found.sbc.places)} synthetic cohorts)"
            for name in found.sbc.names
            if found.sbc.p_value(name) < 0.05
        ]
    return said


def _sbc(found: Calibration, points: int, repeats: int) -> Ranks | None:
    if found.data is None or not repeats:
        return None
    at = design(found.settings, points, frozen_draws(found.model, found.evidence, found.settings))
    return ranks(found.studies, found.data, at, found.grid, found.settings, repeats, SEED)


def _uncertainty(
    found: Calibration, workers: int | None, patients: int, points: int, resume: bool,
    progress: Progress,
) -> Uncertainty | None:  # fmt: skip
    """Return how sure the demo trial of the disease is, and what the doubt is made of."""
    trial = load_trial(f"{found.model.id}_demo")
    planned = planned_trial(trial.protocol)
    if isinstance(planned, str):
        return None
    simulated = simulate_planned(
        planned, trial, found.settings, workers=workers, patients=patients, points=points,
        resume=resume, progress=progress,
    )  # fmt: skip
    luck = np.array([float(uniform(SEED, "credibility", 0))])
    others = borrowed(found.model.id, found.table)
    draws = draw(others.table, others.potency, CONDUCTS, luck)
    likely, idle = simulated.outlook(draws), simulated.outlook(draws.without_cells())
    assert likely.probability is not None
    assert idle.probability is not None
    total = float(np.var(likely.contrasts[0].draws))
    share = max(1 - _chance_variance(simulated) / total, 0.0) if total > 0 else 0.0
    return Uncertainty(trial.name, likely.probability, idle.probability, share)


def _chance_variance(simulated: PlannedTrial) -> float:
    """Return the variance of the difference by chance alone, in the unit of the endpoint.

    It is that of a trial whose cells do nothing: there, arms of a blinded trial differ by nothing
    but the patients who came.
    """
    from funis.calibrate.points import NO_CELLS, Points
    from funis.calibrate.posterior import Draws

    names = tuple(prior.parameter for prior in simulated.settings.stage(3))
    factors = np.ones((CONDUCTS, len(names)))
    factors[:, names.index(NO_CELLS)] = 0.0
    nothing = Draws(Points(names, factors), np.zeros(CONDUCTS), np.zeros(CONDUCTS))
    return float(np.var(simulated.outlook(nothing).contrasts[0].draws))
