"""Twins: the same patients under every arm."""

import numpy as np
import pytest

from funis.solver import FAILED
from funis.trial.twins import Courses, course_minutes, join_courses, twin_courses


def test_times_are_weekly_and_closer_after_a_dose():
    minutes = course_minutes([0.0, 28.0, 700.0], fine_until_day=100, last_week=52)
    assert np.all(np.diff(minutes) > 0)
    assert set(np.arange(53) * 10080) <= set(minutes.tolist())
    assert {60, 28 * 1440 + 60} <= set(minutes.tolist())
    assert minutes[-1] == 52 * 10080
    assert 700 * 1440 + 60 not in minutes


def test_a_twin_differs_by_its_treatment_alone(study):
    plan = study(("label: Cells", "label: Cells\n    scenario: {potency: 0}"))
    outputs = ("DAS28_CRP_true", "cells_total")
    placebo, msc = twin_courses(plan, range(4), np.array([0, 10080, 80640]), outputs)
    assert (placebo.arm, msc.arm) == ("placebo", "msc")
    assert placebo.patient.tolist() == msc.patient.tolist() == [0, 1, 2, 3]
    assert np.array_equal(placebo.values[:, 0], msc.values[:, 0])
    assert np.all(placebo.output("cells_total") == 0)
    assert np.all(msc.output("cells_total")[:, 1:] > 0)
    score = msc.output("DAS28_CRP_true") - placebo.output("DAS28_CRP_true")
    assert np.abs(score).max() < 1e-2  # potency 0: what is left is the tolerance


def test_ranges_of_patients_may_be_joined(study):
    plan = study()
    minutes = np.array([0, 20160])
    whole = twin_courses(plan, range(4), minutes, ("DAS28_CRP_true",))
    parts = [
        twin_courses(plan, task, minutes, ("DAS28_CRP_true",)) for task in (range(3), range(3, 4))
    ]
    for one, other in zip(whole, join_courses(parts), strict=True):
        assert np.array_equal(one.values, other.values)
        assert one.patient.tolist() == other.patient.tolist()


def test_who_failed_in_one_arm_is_left_out_of_all():
    def courses(arm, status):
        return Courses(
            arm, np.arange(2), np.array([0]), ("x",), np.zeros((2, 1, 1)), np.array(status, np.int8)
        )

    found = join_courses([(courses("a", [0, FAILED]), courses("b", [0, 0]))])
    assert [one.patient.tolist() for one in found] == [[0], [0]]


@pytest.mark.parametrize("week", [1, 3])
def test_days_and_outputs_by_name(study, week):
    (one, _) = twin_courses(study(), range(1), np.array([0, week * 10080]), ("licensed", "live"))
    assert one.days.tolist() == [0.0, 7.0 * week]
    assert one.output("live").shape == (1, 2)
