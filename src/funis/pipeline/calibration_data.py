"""The studies of a disease as virtual ones, and their surfaces: simulated, kept, gone on with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from funis.analysis import published_results
from funis.calibrate.likelihood import StudyRows
from funis.calibrate.points import Points
from funis.calibrate.reconstruct import Reconstruction, reconstruct, template_name
from funis.calibrate.reconstruction_file import load_stand_ins
from funis.calibrate.rows import rows_that_count
from funis.calibrate.settings import Settings
from funis.calibrate.surface import (
    StudySurface,
    StudyTask,
    features,
    fit,
    study_block,
    surface_of,
)
from funis.evidence import Evidence
from funis.evidence import Study as PublishedStudy
from funis.models import Model
from funis.pipeline.inputs import Trial, load_trial
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, silent
from funis.pipeline.straight_line import cut
from funis.trial import Study

POINTS = 64
"""Points of the parameters that every study is simulated under."""

PATIENTS = 256
"""Virtual patients of each study, the same under every point."""

BLOCK = 32
"""Patients of one task."""

SEED = 20260601
"""Seed of the virtual patients that calibration follows."""


def design(settings: Settings, count: int = POINTS) -> Points:
    """Return points spread evenly through the priors of all stages (scrambled Sobol)."""
    priors = settings.priors
    uniform = qmc.Sobol(len(priors), seed=SEED).random(count)
    spread = np.array([prior.sd_log for prior in priors])
    return Points(tuple(prior.parameter for prior in priors), np.exp(ndtri(uniform) * spread))


def reconstructions(
    evidence: Evidence, model: Model, studies: Sequence[PublishedStudy] | None = None
) -> list[tuple[Reconstruction, Trial]]:
    """Return the studies of a disease as virtual ones; meta-analyses are context, never fitted."""
    chosen = evidence.studies if studies is None else studies
    published, skipped = published_results(evidence, model.endpoints)
    stand_ins = load_stand_ins()
    found = []
    for study in chosen:
        if study.evidence_type == "meta-analysis" or study.disease != model.id:
            continue
        trial = load_trial(template_name(study, stand_ins))
        made = reconstruct(study, published, skipped, trial.protocol, model, stand_ins)
        found.append((made, trial))
    return found


def simulated(
    made: Reconstruction, trial: Trial, model: Model, points: Points, *,
    workers: int = 1, patients: int = PATIENTS, progress: Progress = silent,
) -> StudySurface:  # fmt: skip
    """Return the rows of a study under each point."""
    pool = trial_pool(model)
    study = Study(made.protocol, model, pool, trial.products, patients, SEED)
    task = StudyTask(made, study, points)
    pieces = list(cut(range(patients), BLOCK))
    with Processes(task, workers) as processes:
        blocks = list(progress(made.study.id, processes.map(study_block, pieces), len(pieces)))
    return surface_of(task, blocks)


def study_rows(
    made: Reconstruction, surface: StudySurface, points: Points, settings: Settings
) -> StudyRows:
    """Return the rows of a study that count, with the surface of what cells add."""
    counted = rows_that_count(surface.rows)
    places = np.array([surface.rows.index(row) for row in counted], dtype=np.int64)
    names = tuple(prior.parameter for prior in settings.stage(3))
    cells = {arm.id: arm.cells for arm in made.arms}
    active = np.array([cells[row.arm] for row in surface.rows])
    return StudyRows(
        made.study, surface, fit(surface, features(points, names)), places, active,
        not made.regimen_known,
    )  # fmt: skip
