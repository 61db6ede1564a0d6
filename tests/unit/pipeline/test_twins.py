"""Twins of the demonstration trial (`tests/unit/trial/test_twins.py` has the rest)."""

import numpy as np
import pytest

from funis.solver import FAILED
from funis.trial import Study, twins
from funis.trial.twins import course_minutes, twin_courses

OUTPUTS = ("DAS28_CRP_true", "live")


@pytest.fixture(scope="module")
def study(demo, pool):
    return Study(demo.protocol, demo.model, pool, demo.products, 10, 3)


@pytest.fixture(scope="module")
def courses(study):
    minutes = course_minutes([0.0, 28.0], 364.0, 12)
    return {course.arm: course for course in twin_courses(study, range(3), minutes, OUTPUTS)}


def test_every_arm_has_the_same_patients_from_the_same_state(study, courses):
    assert list(courses) == list(study.arm_ids)
    assert {tuple(course.patient) for course in courses.values()} == {(0, 1, 2)}
    starts = {tuple(course.output("DAS28_CRP_true")[:, 0]) for course in courses.values()}
    assert len(starts) == 1


def test_potency_zero_is_the_course_of_placebo(courses):
    idle, placebo = (courses[arm].output("DAS28_CRP_true") for arm in ("no_effect", "placebo"))
    np.testing.assert_allclose(idle, placebo, atol=2e-3)
    assert courses["no_effect"].output("live").max() > 10


def test_treatment_changes_the_course_of_the_same_patient(courses):
    placebo = courses["placebo"].output("DAS28_CRP_true")[:, -1]
    for arm in ("anti_tnf", "four_monthly"):
        assert np.all(courses[arm].output("DAS28_CRP_true")[:, -1] < placebo)
    assert np.all(courses["placebo"].output("live") == 0)


def test_a_patient_failed_in_the_run_in_has_no_course(study, monkeypatch):
    real = twins.enrol

    def enrol(*given):
        who = real(*given)
        who.status[0] = FAILED
        return who

    monkeypatch.setattr(twins, "enrol", enrol)
    first = twin_courses(study, range(2), np.array([0, 10080]), OUTPUTS)[0]
    assert np.all(np.isnan(first.values[0]))
    assert np.all(np.isfinite(first.values[1]))
