"""The course of patients as frozen values."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from funis.trial import enrol, observables, week_minute
from funis.trial.course import (
    at_randomisation,
    foreseen,
    group_of,
    mixed_group,
    randomised,
    visit,
)

LEAVING = ("rate_per_year: 0.0", "rate_per_year: 2.0")


def begun(plan, arm="msc", patients=8):
    group = group_of(plan, plan.protocol.arm(arm), enrol(plan, np.arange(patients)))
    return group, randomised(group)


def states_at(group, course, week):
    """Return the states of the patients at a visit, (patient, state)."""
    form = group.study.model.form
    names = list(dict.fromkeys((*observables(group.study.model), *form.states)))
    place = group.study.protocol.visits.weeks.index(week)
    return course.truth[:, place][:, [names.index(name) for name in form.states]]


def test_at_randomisation_nothing_is_seen_and_everything_planned(study):
    group, course = begun(study())
    assert course.minute == 0
    assert course.seen == ()
    assert np.all(np.isnan(course.rescued_week))
    assert len(course.doses) == 16
    assert np.array_equal(states_at(group, course, 0), group.who.states)


def test_a_visit_returns_another_course(study):
    group, course = begun(study())
    truth = course.truth.copy()
    there = visit(group, visit(group, course, 0), week_minute(4))
    assert np.array_equal(course.truth, truth)
    assert (course.minute, there.minute) == (0, week_minute(4))
    assert len(there.seen) == 2
    with pytest.raises(FrozenInstanceError):
        there.minute = 5


def test_what_is_seen_at_baseline_needs_no_course(study):
    group, course = begun(study())
    for name, values in visit(group, course, 0).seen[0].items():
        assert np.array_equal(at_randomisation(group)[name], values)


def test_another_visit_changes_nobodys_course(study):
    """The visits are looks at one solution: a further one moves no state of the others."""
    weeks = "weeks: [0, 4, 8, 12]"
    plan, more = study(), study((weeks, "weeks: [0, 3, 4, 7, 8, 12]"))
    (group, course), (other, seen_more) = begun(plan), begun(more)
    for week in plan.protocol.visits.weeks:
        assert np.array_equal(states_at(group, course, week), states_at(other, seen_more, week))


def test_a_decision_starts_from_the_state_at_its_visit(study):
    """Solved again without any change of the doses, the course is the same within tolerance."""
    group, course = begun(study())
    there = visit(group, course, week_minute(8))
    again = foreseen(group, there, np.array([0, 3]))
    assert np.array_equal(again.truth[1], course.truth[1])
    assert not np.array_equal(again.truth[0], course.truth[0])
    size = np.abs(course.truth).max(axis=(0, 1))
    assert np.all(np.abs(again.truth - course.truth) <= 1e-4 * size)


def test_entry_scores_are_inflated_at_the_baseline_visit_alone(study, ra):
    plan = study(("label: Placebo", "label: Placebo\n    scenario: {}"))
    group, course = begun(plan, "placebo", 40)
    first = visit(group, course, 0).seen[-1]
    inflated = [c.id for c in ra.endpoints.components if c.inflation > 0]
    plain = group.observers.rows(np.arange(40))
    plain = type(plain)(plain.seed, plain.patient, plain.attempt, plain.expectation,
                        np.zeros(40), plain.rise_day)  # fmt: skip
    other = visit(replace(group, observers=plain), course, 0).seen[-1]
    for name in inflated:
        assert first[name].mean() > other[name].mean()
    assert np.array_equal(first["crp"], other["crp"])


def test_time_in_the_trial_is_exponential(study):
    plan = study(LEAVING)
    group, _ = begun(plan, "placebo", 400)
    years = group.leave_minute / 1440 / 365.25
    assert years.mean() == pytest.approx(0.5, rel=0.15)
    assert np.median(years) == pytest.approx(0.5 * np.log(2), rel=0.2)
    never, _ = begun(study(), "placebo", 4)
    assert np.all(np.isinf(never.leave_minute))


def test_who_left_is_absent(study):
    group, course = begun(study(LEAVING), "placebo", 40)
    there = visit(group, course, week_minute(12))
    gone = group.leave_minute <= week_minute(12)
    assert 5 < gone.sum() < 30
    assert np.array_equal(there.present(group), ~gone)
    assert np.array_equal(np.isnan(there.seen[-1]["tjc68"]), gone)


def test_an_arm_sets_its_parameters(study):
    plan = study(("label: Cells", "label: Cells\n    scenario: {potency: 0}"))
    group, _ = begun(plan)
    names = group.parameters.names
    assert np.all(group.parameters.values[:, names.index("potency")] == 0)
    viability = plan.parameters_of(plan.protocol.arm("msc"))["viability"]
    assert np.all(group.parameters.values[:, names.index("viability")] == viability)


def test_arms_that_go_together_do_not_touch_each_other(study):
    """Each patient has the course that his arm alone would give him, to the last bit."""
    scenario = ("label: Cells", "label: Cells\n    scenario: {potency: 0.3}")
    plan = study(scenario, LEAVING)
    who, mixed = enrol(plan, np.arange(6)), np.array([1, 0, 0, 1, 0, 1])
    group = mixed_group(plan, mixed, who)
    there = visit(group, visit(group, randomised(group), 0), week_minute(8))
    for number in (0, 1):
        mine = np.flatnonzero(mixed == number)
        alone = group_of(plan, plan.protocol.arms[number], who.rows(mine))
        single = visit(alone, visit(alone, randomised(alone), 0), week_minute(8))
        assert np.array_equal(there.truth[mine], single.truth)
        for name, values in single.seen[-1].items():
            assert np.array_equal(there.seen[-1][name][mine], values, equal_nan=True)


def test_a_parameter_that_one_arm_sets_is_usual_under_the_other(study, ra):
    plan = study(("label: Cells", "label: Cells\n    scenario: {potency: 0.3}"))
    group = mixed_group(plan, np.array([0, 1]), enrol(plan, np.arange(2)))
    usual = dict(zip(ra.form.parameters, ra.form.defaults, strict=True))["potency"]
    names = group.parameters.names
    pool = plan.pool.names
    found = group.parameters.values[:, names.index("potency")].tolist()
    assert found[1] == 0.3
    assert found[0] == (group.who.covariate("potency")[0] if "potency" in pool else usual)
