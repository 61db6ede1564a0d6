"""How far a planned trial's primary difference moves under each competing form of the model.

The same virtual patients are followed with the same luck under some draws of the posterior, form
by form; drop-out, chance and what studies differ by are left out. What cells do is that of the
default form, which the studies were calibrated with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.ensemble import Ensemble
from funis.calibrate.planned import Planned, planned_trial, with_structure
from funis.calibrate.points import Points
from funis.calibrate.rows import from_unit
from funis.calibrate.surface import StudySurface
from funis.models import Model
from funis.pipeline.calibration_data import kept_surface
from funis.pipeline.inputs import Trial, load_trial
from funis.pipeline.processes import worker_count
from funis.pipeline.unreported import Simulation
from funis.protocol import Structure
from funis.protocol.structures import library_structures
from funis.trial import has_structure

Array = NDArray[np.float64]

DRAWS = 16
"""Draws of the posterior, evenly through it."""

PATIENTS = 128
"""Patients who are followed under each."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """A form of the model, and the difference of the first arm to the reference under it.

    Attributes
    ----------
    estimate : mean over draws, in the unit of the endpoint (shares from 0 to 1).
    moved : estimate less that of the default form.
    """

    id: str
    question: str
    title: str
    estimate: float
    moved: float


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a disease's model; ``default`` is the difference under the default one."""

    trial: str
    what: str
    default: float
    rows: tuple[FormRow, ...]


def competing_forms(model: Model, ensemble: Ensemble, how: Simulation) -> Forms | None:
    """Return how far the demo trial's difference moves; None where it has no rule."""
    trial = load_trial(f"{model.id}_demo")
    planned = planned_trial(trial.protocol)
    if isinstance(planned, str) or planned.rule is None:
        return None
    rule, points = planned.rule, _draws(ensemble)
    known = [one for one in library_structures().values() if has_structure(model, one)]
    default = _difference(planned, trial, points, how)
    return Forms(
        trial.name, f"{planned.reconstruction.rows[0].request.key}, {rule.arms[0]} less"
        f" {rule.reference}",
        default, tuple(_form(one, planned, trial, points, default, how) for one in known),
    )  # fmt: skip


def _form(
    form: Structure, planned: Planned, trial: Trial, points: Points, default: float,
    how: Simulation,
) -> FormRow:  # fmt: skip
    found = _difference(with_structure(planned, form), trial, points, how)
    return FormRow(form.id, form.question, form.title, found, found - default)


def _draws(ensemble: Ensemble) -> Points:
    """Return draws that lie evenly through the posterior, which is in order of potency."""
    points = ensemble.default.points
    return points.rows(np.linspace(0, len(points) - 1, DRAWS).round().astype(np.int64))


def _difference(planned: Planned, trial: Trial, points: Points, how: Simulation) -> float:
    surface = kept_surface(
        planned.reconstruction, trial, trial.model, points, workers=worker_count(how.workers),
        patients=min(how.patients, PATIENTS), resume=how.resume, progress=how.progress,
    )  # fmt: skip
    rule = planned.rule
    assert rule is not None
    arm, reference = (_values(surface, name) for name in (rule.arms[0], rule.reference))
    return float(np.mean(arm - reference))


def _values(surface: StudySurface, arm: str) -> Array:
    """Return what an arm reports under each draw, (draw,)."""
    place = next(place for place, row in enumerate(surface.rows) if row.arm == arm)
    units = surface.without[:, place] + surface.effect[:, place]
    row, spread = surface.rows[place], float(surface.spread[place])
    return np.array([from_unit(row, float(unit), spread) for unit in units])
