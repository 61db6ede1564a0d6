"""The studies of a disease as virtual ones, and their surfaces: simulated, kept, gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from funis.analysis import published_results
from funis.cache import cache_key, cached, keep
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
from funis.protocol import content_hash
from funis.trial import Study

POINTS = 64
"""Points of the parameters that every study is simulated under."""

PATIENTS = 256
"""Virtual patients of each study, the same under every point."""

BLOCK = 32
"""Patients of one task."""

FORM = "2"
"""Changes when surfaces are computed in another way, so that kept ones no longer count."""

SEED = 20260601
"""Seed of the virtual patients that calibration follows."""


def design(settings: Settings, count: int = POINTS, earlier: Points | None = None) -> Points:
    """Return points spread evenly through the priors of all stages (scrambled Sobol).

    Parameters
    ----------
    earlier
        Draws of the factors of stages 1 and 2 (`funis.pipeline.earlier_stages`), which replace
        their priors. They are taken in order, evenly through them: each count of points sees all.
    """
    priors = settings.priors
    uniform = qmc.Sobol(len(priors), seed=SEED).random(count)
    spread = np.array([prior.sd_log for prior in priors])
    factors = np.exp(ndtri(uniform) * spread)
    names = tuple(prior.parameter for prior in priors)
    if earlier is not None:
        rows = np.arange(count) * len(earlier) // count
        places = [names.index(name) for name in earlier.names]
        factors[:, places] = earlier.factors[rows]
    return Points(names, factors)


def reconstructions(
    evidence: Evidence, model: Model, studies: Sequence[PublishedStudy] | None = None
) -> list[tuple[Reconstruction, Trial]]:
    """Return the studies of a disease as virtual ones.

    What is marked as context, meta-analyses among it, and copies of a series are left out.
    """
    chosen = evidence.studies if studies is None else studies
    shown = replace(evidence, studies=tuple(chosen), pharmacology=(), natural=())
    published, skipped = published_results(shown, model.endpoints)
    stand_ins = load_stand_ins()
    trials: dict[str, Trial] = {}
    found = []
    for study in chosen:
        if not study.fitted or study.disease != model.id:
            continue
        name = template_name(study, stand_ins)
        trial = trials[name] = trials.get(name) or load_trial(name)
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


def kept_surface(
    made: Reconstruction, trial: Trial, model: Model, points: Points, *,
    workers: int = 1, patients: int = PATIENTS, resume: bool = True, progress: Progress = silent,
) -> StudySurface:  # fmt: skip
    """Return the rows of a study under each point, from the user's cache if they are there."""
    key = surface_key(made, model, points, patients)
    known = cached("surfaces", key) if resume else None
    if known is not None:
        return surface_from(known, made)
    surface = simulated(
        made, trial, model, points, workers=workers, patients=patients, progress=progress
    )
    keep("surfaces", key, surface_bytes(surface))
    return surface


def surface_key(made: Reconstruction, model: Model, points: Points, patients: int) -> str:
    """Return the name under which a surface is kept: everything that its numbers depend on."""
    arms = [(arm.id, arm.cells, arm.variants) for arm in made.arms]
    asked = [(row.arm, row.request, row.n) for row in made.rows]
    start = [(row.request, row.observed) for row in made.baseline]
    meaning = content_hash((arms, asked, start))  # a field that came later changes no key
    design = points.names, points.factors.tobytes().hex()
    words = (made.protocol.hash, meaning, design, patients, SEED, FORM)
    return cache_key(model.hash, *(repr(word) for word in words))


def surface_bytes(surface: StudySurface) -> bytes:
    """Return the numbers of a surface as bytes."""
    content = BytesIO()
    about = np.array([surface.reached, surface.effective, float(surface.failed)])
    np.savez(
        content, spread=surface.spread, without=surface.without, effect=surface.effect, about=about
    )
    return content.getvalue()


def surface_from(content: bytes, made: Reconstruction) -> StudySurface:
    """Return a surface from the bytes of `surface_bytes`."""
    with np.load(BytesIO(content), allow_pickle=False) as kept:
        reached, effective, failed = kept["about"].tolist()
        return StudySurface(
            made.study.id, made.rows, kept["spread"], kept["without"], kept["effect"],
            reached, effective, int(failed),
        )  # fmt: skip


def study_rows(
    made: Reconstruction, trial: Trial, surface: StudySurface, points: Points, settings: Settings
) -> StudyRows:
    """Return the rows of a study that count, with the surface of what cells add."""
    template = trial.protocol
    asked = [request.endpoint for request in template.endpoints]
    counted = rows_that_count(surface.rows, asked, template.primary[0].week)
    places = np.array([surface.rows.index(row) for row in counted], dtype=np.int64)
    names = tuple(prior.parameter for prior in settings.stage(3))
    cells = {arm.id: arm.cells for arm in made.arms}
    active = np.array([cells[row.arm] for row in surface.rows])
    unsure = frozenset(arm.id for arm in made.arms if arm.left_out)
    surfaces = fit(surface, features(points, names))
    return StudyRows(made.study, surface, surfaces, places, active, unsure, made.regimen_known)
