"""Trials whose results are not known, predicted by what is known of a disease."""

from __future__ import annotations

from dataclasses import dataclass, replace

from funis.calibrate.likelihood import Data, StudyRows
from funis.calibrate.outlook import Outlook, outlook, planned_rows
from funis.calibrate.planned import Planned
from funis.calibrate.posterior import Draws
from funis.calibrate.settings import Settings
from funis.pipeline.calibration_data import (
    PATIENTS,
    POINTS,
    SEED,
    design,
    kept_surface,
    study_rows,
)
from funis.pipeline.frozen_stages import frozen_draws
from funis.pipeline.inputs import Trial
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.run import find_evidence

CONDUCTS = 4000
"""Conducts of a planned trial."""


@dataclass(frozen=True, slots=True, eq=False)
class PlannedTrial:
    """A planned trial, and what was simulated of it under each point of the parameters."""

    planned: Planned
    trial: Trial
    settings: Settings
    data: Data

    def outlook(self, draws: Draws) -> Outlook:
        """Return what it may report, given draws of what cells do."""
        endpoints = self.trial.model.endpoints
        return outlook(self.data, draws, self.planned, self.settings, endpoints, SEED)


def simulate_planned(
    planned: Planned, trial: Trial, settings: Settings, *,
    workers: int | None = None, patients: int = PATIENTS, points: int = POINTS,
    resume: bool = True, progress: Progress = silent,
) -> PlannedTrial:  # fmt: skip
    """Follow the arms of a planned trial under every point, once; what was kept is taken.

    Parameters
    ----------
    trial
        Trial of the library whose patients it has.
    """
    rows = planned_study(
        planned, trial, settings, workers=workers, patients=patients, points=points,
        resume=resume, progress=progress,
    )  # fmt: skip
    return PlannedTrial(planned, trial, settings, planned_rows(rows, settings))


def planned_study(
    planned: Planned, trial: Trial, settings: Settings, *,
    workers: int | None = None, patients: int = PATIENTS, points: int = POINTS,
    resume: bool = True, progress: Progress = silent,
) -> StudyRows:  # fmt: skip
    """Return what was simulated of a planned trial, as rows of a study; as `simulate_planned`."""
    evidence = find_evidence(trial.model)
    earlier = None if evidence is None else frozen_draws(trial.model, evidence, settings)
    at = design(settings, points, earlier)
    made = planned.reconstruction
    surface = kept_surface(
        made, trial, trial.model, at, workers=worker_count(workers), patients=patients,
        resume=resume, progress=progress,
    )  # fmt: skip
    return replace(study_rows(made, trial, surface, at, settings), unsure=planned.unsure)
