"""Calibration, loosely and in seconds; `funis gate placebo` and `pharmacology` ask it exactly.

Wide limits, because some hundred patients stand for thousands: what fails here is out of reach of
chance.
"""

import numpy as np
import pytest

from funis.analysis import estimate
from funis.models import library_folder
from funis.pipeline.gate_trials import placebo_alone
from funis.population import build_pool
from funis.product import library_product
from funis.protocol import load_protocol
from funis.trial import Study, conduct
from funis.trial.twins import twin_courses

PLACEBO_PATIENTS = 1500
TWINS = 60


@pytest.fixture(scope="module")
def pool(ra):
    return build_pool(ra, 500, 1)


@pytest.fixture(scope="module")
def demo():
    return load_protocol(library_folder() / "trials" / "ra_demo.yaml")


@pytest.fixture(scope="module")
def placebo(ra, pool, demo):
    """Estimates of the placebo arm, by endpoint."""
    protocol = placebo_alone(demo, [12.0])
    data = conduct(Study(protocol, ra, pool, {}, PLACEBO_PATIENTS, 77))
    assert set(data.subjects["status"]) <= {"completed", "discontinued"}
    results = estimate(protocol, data, ra.endpoints)
    return {one.endpoint: one.estimate for one in results.estimates}


def test_placebo_acr20_at_week_12(placebo):
    assert 0.25 <= placebo["ACR20@12"] <= 0.34


def test_placebo_pain_and_crp_fall_as_published(placebo):
    """Pain -12 to -16 mm, CRP -0.51 mg/dL, both at week 12."""
    assert -19 <= placebo["pain_vas_change@12"] <= -9
    assert -12 <= placebo["crp_change@12"] <= 0  # mg/L


@pytest.fixture(scope="module")
def effects(ra, pool, demo):
    """Mean noise-free change of DAS28-CRP against the placebo twin, (week 12, week 24), by arm."""
    names = {i.product for arm in demo.arms for i in arm.interventions if i.product}
    study = Study(demo, ra, pool, {name: library_product(name) for name in names}, TWINS, 77)
    minutes = np.array([0, 12, 24]) * 10080
    courses = twin_courses(study, range(TWINS), minutes, ("DAS28_CRP_true",))
    score = {course.arm: course.output("DAS28_CRP_true")[:, 1:] for course in courses}
    return {arm: (values - score["placebo"]).mean(axis=0) for arm, values in score.items()}


def test_tnf_blockade_lowers_das28_as_published(effects):
    """0.87 to 1.3 more than placebo at week 24."""
    assert -1.6 <= effects["anti_tnf"][1] <= -0.6


def test_cells_without_potency_do_nothing(effects):
    assert np.abs(effects["no_effect"]).max() < 1e-3


@pytest.mark.parametrize("arm", ["single", "four_monthly", "advertised"])
def test_no_default_of_the_cells_exceeds_an_anti_tnf(effects, arm):
    assert np.all(effects[arm] < 0)
    assert np.all(effects[arm] >= effects["anti_tnf"])
