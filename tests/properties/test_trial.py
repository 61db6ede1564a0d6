"""What may not matter to a patient: tasks, workers, neighbours, other arms, silent rules."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.pipeline.processes import Processes
from funis.population import blocks
from funis.trial import TrialData, conduct, conduct_block, enrol, gather
from funis.trial.conduct import follow
from funis.trial.course import group_of


def bytes_of(data: TrialData) -> list[bytes]:
    tables = (data.subjects, data.doses, data.observations, data.adverse_events)
    return [table.write_csv().encode() for table in tables]


@pytest.fixture(scope="module")
def many(short_trial):
    """A trial of more than one block of 512, and its bytes."""
    plan = short_trial(260)
    return plan, bytes_of(conduct(plan))


@pytest.mark.parametrize("size", [16, 64, 512])
def test_blocks_of_any_size_give_the_same_bytes(many, size):
    plan, whole = many
    parts = {task.start: conduct_block(plan, task) for task in reversed(blocks(plan.size, size))}
    assert len(parts) > 1
    assert bytes_of(gather([parts[start] for start in sorted(parts)], plan.model)) == whole


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_processes_gives_the_same_bytes(short_trial, workers):
    plan = short_trial(10)
    with Processes(plan, workers) as processes:
        found = gather(processes.map(conduct_block, blocks(plan.size, 4)), plan.model)
    assert bytes_of(found) == bytes_of(conduct(plan))


@settings(max_examples=8)
@given(cuts=st.sets(st.integers(1, 19), max_size=6), order=st.randoms(use_true_random=False))
def test_tasks_may_be_cut_anywhere_and_done_in_any_order(short_trial, cuts, order):
    plan = short_trial(10)
    ends = [0, *sorted(cuts), 20]
    tasks = [range(a, b) for a, b in pairwise(ends)]
    shuffled = list(tasks)
    order.shuffle(shuffled)
    parts = {task: conduct_block(plan, task) for task in shuffled}
    assert bytes_of(gather([parts[task] for task in tasks], plan.model)) == bytes_of(conduct(plan))


def course_of(plan, arm, patients):
    found = follow(group_of(plan, plan.protocol.arm(arm), enrol(plan, patients)))
    return np.stack([np.stack(list(seen.values())) for seen in found.seen])


@settings(max_examples=6)
@given(
    dose=st.sampled_from(["1.0e+6", "3.0e+8"]),
    drug=st.sampled_from(["anti_tnf", "steroid"]),
    first=st.integers(0, 5000),
    times=st.integers(1, 3),
)
def test_adding_arms_changes_nobodys_course(short_trial, dose, drug, first, times):
    arms = "".join(
        f"  - {{id: more_{k}, label: More, interventions: [{{product: uc_msc_reference,"
        f" dose_cell: {dose}, route: iv, schedule: {{days: [0]}}}},"
        f" {{drug: {drug}, dose: 1.0, schedule: {{start_day: 0, continuous: true}}}}]}}\n"
        for k in range(times)
    )
    few, more = short_trial(10), short_trial(10, arms=arms)
    assert len(more.protocol.arms) == 2 + times
    patients = np.arange(first, first + 3)
    for arm in ("placebo", "msc"):
        one, other = (course_of(plan, arm, patients) for plan in (few, more))
        assert np.array_equal(one, other, equal_nan=True)


@settings(max_examples=6)
@given(
    limit=st.integers(69, 900),
    action=st.sampled_from([
        "{stop: all}",
        "{rescue: true, give: [{drug: steroid, dose: 1.0,"
        " schedule: {start_day: 0, continuous: true}}]}",
        "{give: [{product: uc_msc_reference, dose_cell: 7.0e+7, route: iv,"
        " schedule: {days: [0]}}]}",
    ]),
    count=st.integers(1, 3),
)  # fmt: skip
def test_rules_that_never_fire_are_not_there(short_trial, limit, action, count):
    lines = "".join(
        f"  - {{id: rule_{k}, when: tjc68 > {limit}, action: {action}}}\n" for k in range(count)
    )
    silent = short_trial(8, rules=f"rules:\n{lines}")
    assert bytes_of(conduct(silent)) == bytes_of(conduct(short_trial(8)))


@settings(max_examples=5)
@given(small=st.integers(1, 9), seed=st.integers(0, 10**6))
def test_a_larger_trial_begins_with_the_smaller_one(short_trial, small, seed):
    few, many = (conduct(short_trial(n, seed=seed)) for n in (small, 10))
    assert few.observations.equals(
        many.observations.filter(many.observations["subject"] < 2 * small)
    )


@settings(max_examples=4)
@given(seed=st.integers(0, 10**6))
def test_a_patient_has_the_same_luck_in_every_arm(short_trial, seed):
    """Biology, noise and drop-out are the patient's: the arms differ by what is given alone."""
    plan = short_trial(5, seed=seed)
    who = enrol(plan, np.arange(6))
    groups = [group_of(plan, arm, who) for arm in plan.protocol.arms]
    assert np.array_equal(groups[0].leave_minute, groups[1].leave_minute)
    assert np.array_equal(groups[0].forcing.values, groups[1].forcing.values)
    assert np.array_equal(groups[0].observers.expectation, groups[1].observers.expectation)
    first, second = (follow(group).seen[0] for group in groups)
    assert all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)
