import numpy as np

from funis.report.content import Band, Trajectory
from funis.report.courses import chosen_weeks, course_groups, span


def test_scores_and_structural_scores_are_apart(report):
    assert [group.id for group in course_groups(report)] == ["DAS28_CRP", "pain", "CRP"]
    assert [group.id for group in course_groups(report, structural=True)] == ["SHARP"]


def test_the_numbers_hold_treated_and_twin(report):
    numbers = course_groups(report)[0].numbers
    assert numbers.columns[:2] == ("Arm", "week 0")
    names = [row[0] for row in numbers.rows[:2]]
    assert names == ["No-effect scenario, treated", "No-effect scenario, placebo twin"]
    assert numbers.rows[0][1] == numbers.rows[1][1]


def test_a_score_without_a_name_and_without_bands_is_shown(bare):
    weeks = np.array([0.0, 12.0])
    band = Band(np.array([5.0, 4.0]))
    (group,) = course_groups(bare(trajectories=(Trajectory("placebo", "X_1", weeks, band, band),)))
    assert group.name == "X 1"
    assert group.numbers.rows[0] == ("Placebo, treated", "5.00", "4.00")


def test_weeks():
    assert span([]) == (0.0, 1.0)
    assert span([np.array([3.0])]) == (3.0, 4.0)
    assert chosen_weeks(np.arange(53.0)) == (0.0, 13.0, 26.0, 39.0, 52.0)
    assert chosen_weeks(np.array([0.0, 4.0])) == (0.0, 4.0)
