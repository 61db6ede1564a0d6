"""A disease's data made up from a known surface: two trials and a series."""

import math
from dataclasses import replace

import numpy as np
import pytest

from funis.calibrate.likelihood import StudyRows, data_of
from funis.calibrate.points import Points
from funis.calibrate.posterior import grid_of
from funis.calibrate.rows import Row
from funis.calibrate.settings import load_settings
from funis.calibrate.surface import StudySurface, features, fit
from funis.evidence import load_evidence
from funis.pipeline.calibration_data import design
from funis.protocol import EndpointRequest


def made_up(study, settings, points, rows, slope):
    """Return a study whose effect is a known function of potency and of the loss of monocytes."""
    at = features(points, tuple(prior.parameter for prior in settings.stage(3)))
    cells = np.array([row.arm != "placebo" for row in rows])
    effect = np.outer(at[:, 0] * slope + 0.3 * at[:, 3], cells)
    without = np.tile(np.linspace(-0.5, -0.2, len(rows)), (len(points), 1))
    without = without + 0.02 * np.random.default_rng(1).standard_normal((len(points), 1))
    surface = StudySurface(study.id, tuple(rows), np.ones(len(rows)), without, effect, 1, 1, 0)
    return StudyRows(
        study, surface, fit(surface, at), np.arange(len(rows)), cells, frozenset()
    )  # fmt: skip


@pytest.fixture(scope="session")
def toy():
    """Return settings, points, studies, data and grid."""
    settings = load_settings("cd")
    points = design(settings, 32)
    base = load_evidence("cd").studies[0]
    studies = []
    for place, (name, share) in enumerate([("first", 0.5), ("second", 0.35), ("series", 0.6)]):
        design_kind = "single_arm" if name == "series" else "randomized"
        study = replace(
            base, id=name, family=None,
            design=replace(base.design, kind=design_kind, blinding="double"),
        )  # fmt: skip
        arms = ("msc",) if name == "series" else ("msc", "placebo")
        rows = [
            Row(name, arm, None, EndpointRequest("REMISSION", 12.0, "responder", "primary"),
                share if arm == "msc" else 0.3, math.nan, math.nan, 40 + place)
            for arm in arms
        ]  # fmt: skip
        studies.append(made_up(study, settings, points, rows, slope=2.0))
    return settings, points, tuple(studies), data_of(studies, settings), grid_of(settings)


@pytest.fixture(scope="session")
def toy_points(toy) -> Points:
    return toy[1]
