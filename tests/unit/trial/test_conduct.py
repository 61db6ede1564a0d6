"""Conducting a trial: the tables it leaves, who stays, who fails, and what may not matter."""

import dataclasses
import sys

import numpy as np
import polars
import pytest

from funis.models.endpoints import evaluate_endpoints
from funis.solver import FAILED
from funis.trial import conduct, conduct_block, course, enrol, serial
from funis.trial.conduct import follow
from funis.trial.course import group_of

col = polars.col


def in_tasks(*tasks):
    return lambda function, study, _: [function(study, task) for task in tasks]


def test_the_three_tables_are_shaped_like_those_of_a_real_trial(study):
    data = conduct(study())
    assert data.subjects.columns[:10] == [
        "subject", "site", "arm", "status", "status_reason", "solver", "solver_deviation",
        "screened", "discontinued_week", "rescued_week",
    ]  # fmt: skip
    assert {"age_year", "weight_kg", "duration_year", "prior_failures"} <= set(
        data.subjects.columns
    )
    assert data.doses.columns == [
        "subject", "arm", "day", "intervention", "route", "amount", "duration_day", "rule",
    ]  # fmt: skip
    assert data.observations.columns == ["subject", "arm", "week", "visit", "component", "value"]


def test_everyone_is_seen_at_every_visit(study, ra):
    data = conduct(study())
    assert data.subjects["subject"].to_list() == list(range(24))
    assert data.subjects["status"].unique().to_list() == ["completed"]
    assert data.subjects["arm"].value_counts().sort("arm").rows() == [("msc", 12), ("placebo", 12)]
    assert data.subjects["site"].to_list() == [index // 8 for index in range(24)]
    components = [
        *(c.id for c in ra.endpoints.components),
        *(s.id for s in ra.endpoints.structural),
    ]
    assert len(data.observations) == 24 * 4 * len(components)
    assert set(data.observations["component"]) == set(components)
    assert data.observations["visit"].unique(maintain_order=True).to_list() == [
        "baseline", "week 4", "week 8", "week 12",
    ]  # fmt: skip
    assert data.observations["value"].is_finite().all()


def test_doses_are_those_of_the_regimen(study):
    plan = study()
    data = conduct(plan)
    doses = data.doses.join(data.subjects, on="subject")
    assert set(doses["arm"]) == {"msc"}
    assert doses.group_by("subject").len()["len"].unique().to_list() == [2]
    assert sorted(doses["day"].unique()) == [0.0, 28.0]
    recovered = plan.recovered.get("uc_msc_reference", 1.0)
    wanted = doses["weight_kg"].to_numpy() * 1e6 * recovered
    np.testing.assert_allclose(doses["amount"].to_numpy(), wanted, rtol=1e-12)
    assert doses["rule"].is_null().all()
    assert doses["route"].unique().to_list() == ["iv"]


@pytest.mark.parametrize("size", [1, 5, 16])
def test_neither_size_nor_order_of_tasks_changes_a_byte(study, tables, size):
    plan = study()
    whole = tables(conduct(plan))
    tasks = [range(a, min(a + size, 24)) for a in range(0, 24, size)]
    assert tables(conduct(plan, in_tasks(*tasks))) == whole
    backwards = {task.start: conduct_block(plan, task) for task in reversed(tasks)}
    assert tables(conduct(plan, lambda *_: [backwards[task.start] for task in tasks])) == whole


def test_the_same_seed_gives_the_same_trial_and_another_does_not(study, tables):
    first, again, other = (tables(conduct(study(seed=seed))) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_larger_trial_begins_with_the_smaller_one(study):
    few, many = conduct(study(n=6)), conduct(study(n=12))
    assert few.observations.equals(many.observations.filter(col("subject") < 12))
    assert few.subjects.equals(many.subjects.filter(col("subject") < 12))


def values_of(plan, arm, patients):
    """What the same patients show under one arm."""
    who = enrol(plan, patients)
    found = follow(group_of(plan, plan.protocol.arm(arm), who))
    return np.stack([np.stack(list(seen.values())) for seen in found.seen])


THIRD = """  - id: high
    label: More cells
    interventions:
      - {product: uc_msc_reference, dose_cell: 3.0e+8, route: iv, schedule: {days: [0]}}
visits:
"""


def test_adding_an_arm_changes_nobodys_course(study):
    two, three = study(), study(("visits:\n", THIRD))
    patients = np.arange(24)
    for arm in ("placebo", "msc"):
        assert np.array_equal(values_of(two, arm, patients), values_of(three, arm, patients))


def test_the_tables_hold_the_courses_of_the_arm_that_a_patient_got(study):
    plan = study()
    data = conduct(plan)
    for arm in ("placebo", "msc"):
        mine = data.subjects.filter(col("arm") == arm)["subject"].to_numpy()
        shown = data.observations.filter(col("arm") == arm).sort("subject", "week")
        found = values_of(plan, arm, mine)  # (visit, component, patient)
        per_patient = found.transpose(2, 0, 1)
        assert np.array_equal(np.sort(shown["value"]), np.sort(per_patient.ravel()))
        one = shown.filter(col("component") == "crp")["value"].to_numpy().reshape(len(mine), 4)
        place = list(dict.fromkeys(data.observations["component"])).index("crp")
        assert np.array_equal(one, per_patient[:, :, place])


def test_twins_share_all_but_the_treatment(study):
    """The same patient under both arms: one baseline, the same noise, another course."""
    plan = study()
    placebo, msc = (values_of(plan, arm, np.arange(12)) for arm in ("placebo", "msc"))
    assert np.array_equal(placebo[0], msc[0])
    assert not np.array_equal(placebo[1:], msc[1:])


def test_the_criteria_hold_at_entry(study):
    harder = ("tjc68 >= 4 and sjc66 >= 2", "tjc68 >= 12 and DAS28_CRP > 4.5")
    data = conduct(study(harder))
    baseline = data.observations.filter(col("week") == 0)
    joints = baseline.filter(col("component") == "tjc68")["value"]
    assert joints.min() >= 12
    wide = baseline.pivot(on="component", index="subject", values="value")
    columns = {name: wide[name].to_numpy() for name in wide.columns[1:]}
    points = study().model.endpoints
    score = evaluate_endpoints(points, columns, columns, names=["DAS28_CRP"])["DAS28_CRP"]
    assert score.min() > 4.5
    easy = conduct(study()).subjects["screened"]
    assert easy.min() >= 1
    assert data.subjects["screened"].mean() > easy.mean()


def test_who_discontinues_is_no_longer_seen_or_dosed(study, ra):
    plan = study(("rate_per_year: 0.0", "rate_per_year: 3.0"), n=20)
    stay, data = conduct(study(n=20)), conduct(plan)
    left = data.subjects.filter(col("status") == "discontinued")
    assert 10 <= len(left) <= 35
    assert left["discontinued_week"].is_between(0, 12).all()
    assert data.subjects.filter(col("status") == "completed")["discontinued_week"].is_null().all()
    joined = data.observations.join(data.subjects, on="subject")
    gone = col("week") >= col("discontinued_week").fill_null(99)
    assert joined.filter(gone).is_empty()
    before = stay.observations.join(
        data.subjects.select("subject", "discontinued_week"), on="subject"
    )
    kept = before.filter(~gone).select(stay.observations.columns)
    assert kept.equals(data.observations)  # what is seen until then is as it would have been
    doses = data.doses.join(data.subjects, on="subject")
    assert (doses["day"] < doses["discontinued_week"].fill_null(99) * 7).all()


DRUG = "      - {drug: anti_tnf, dose: 1.0, schedule: {start_day: 0, continuous: true}}\nvisits:\n"


def test_a_drug_ends_where_its_patient_leaves(study):
    plan = study(("visits:\n", DRUG), ("rate_per_year: 0.0", "rate_per_year: 3.0"))
    data = conduct(plan)
    rows = data.doses.filter(col("intervention") == "anti_tnf").join(data.subjects, on="subject")
    assert len(rows) == 12
    wanted = (rows["discontinued_week"] * 7).fill_null(84.0)
    np.testing.assert_allclose(rows["duration_day"], wanted, rtol=1e-9)
    np.testing.assert_allclose(rows["amount"], wanted, rtol=1e-9)  # a standard dose a day


def test_drop_out_may_differ_between_arms(study):
    uneven = ("rate_per_year: 0.0", "rate_per_year: 0.0\n  arms: {msc: 30.0}")
    data = conduct(study(uneven))
    rates = data.subjects.group_by("arm").agg((col("status") == "discontinued").mean()).sort("arm")
    assert rates["status"].to_list() == [pytest.approx(1.0, abs=0.1), 0.0]


def failing(monkeypatch, module, rows_of):
    """Let the solver fail for some rows, as if every engine had given up."""
    solve = module.simulate

    def simulate(*given, **named):
        found = solve(*given, **named)
        status, values, end = found.status.copy(), found.values.copy(), found.end.copy()
        rows = rows_of(len(status))
        status[rows], values[rows], end[rows] = FAILED, np.nan, np.nan
        return dataclasses.replace(found, status=status, values=values, end=end)

    monkeypatch.setattr(module, "simulate", simulate)


def test_who_fails_is_counted_and_leaves_no_observation(study, monkeypatch):
    whole = conduct(study())
    failing(monkeypatch, course, lambda size: [1, 3])
    data = conduct(study())
    failed = data.subjects.filter(col("status") == "failed")
    assert failed["subject"].to_list() == [1, 3]
    assert failed["status_reason"].unique().to_list() == ["failed to solve"]
    assert failed["solver"].unique().to_list() == [FAILED]
    others = ~col("subject").is_in(failed["subject"].to_list())
    assert data.observations.equals(whole.observations.filter(others))
    assert len(data.subjects) == 24


def test_who_fails_in_the_run_in_takes_a_place_and_is_counted(study, monkeypatch):
    failing(monkeypatch, sys.modules["funis.trial.enrol"], lambda size: [0])
    data = conduct(study())
    failed = data.subjects.filter(col("status") == "failed")
    assert failed["subject"].to_list() == [0]
    assert failed["screened"].to_list() == [1]
    assert data.observations.filter(col("subject") == 0).is_empty()


def test_every_solved_patient_says_by_what(study):
    assert set(conduct(study()).subjects["solver"]) <= {0, 1, 2}


def test_the_serial_map_is_lazy_and_in_order():
    asked = []
    found = serial(lambda _, task: asked.append(task) or task, None, [range(2), range(2, 3)])
    assert asked == []
    assert list(found) == [range(2), range(2, 3)]


def test_whoever_is_solved_a_second_time_is_so_by_his_own_luck(study, monkeypatch):
    plan = study(n=8)
    few = conduct(plan).subjects
    assert few["solver_deviation"].null_count() >= len(few) - 2
    monkeypatch.setattr("funis.trial.study.CHECKED_SHARE", 0.5)
    half = conduct(plan).subjects
    apart = conduct(plan, in_tasks(range(5), range(5, plan.size))).subjects
    assert 0 < half["solver_deviation"].null_count() < len(half)
    assert half.equals(apart)
    assert half["solver_deviation"].max() < 10
    kept = [name for name in half.columns if name != "solver_deviation"]
    assert half.select(kept).equals(few.select(kept))
