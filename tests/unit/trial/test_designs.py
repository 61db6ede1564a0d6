"""Designs as they are conducted: who is allocated, seen, told, dosed, and who leaves."""

from dataclasses import replace

import numpy as np
import polars
import pytest

from funis.population import blocks
from funis.protocol import Escalation
from funis.trial import check, conduct, conduct_block, enrol, gather
from funis.trial.allocation import Allocated, allocate_patients, escalated, strata_of
from funis.trial.conduct import serial
from funis.trial.course import mixed_group, untreated_spread
from funis.trial.layers import LAYERS
from funis.trial.masking import library_bias, reach_of
from funis.trial.sites import hold_minutes

col = polars.col

MEDIAN = "tjc68 >= 20"
STRATA = f"design: {{allocation: {{ratio: {{placebo: 1, msc: 2}}, strata: [{MEDIAN}]}}}}\n"
OPEN = "design: {masking: open_label}\n"
UNMASKED = "design: {unmasking: {by: [fever], share: 1.0, source: assumed}}\n"
SITES = "design: {sites: {hold_minute: {mean: 120, sd: 80}, source: assumed}}\n"
WRONG = "design: {sites: {missed_rate: 0.3, halved_rate: 0.3, source: assumed}}\n"
CROSSOVER = (
    "design: {kind: crossover, crossover: {period_week: 4, washout_week: 0,"
    " sequences: {cells_first: [msc, placebo], cells_last: [placebo, msc]}}}\n"
)
IN_PERIODS = (
    ("every_day: 28, times: 2", "every_day: 28, times: 1"),
    ("week: 12, measure: responder", "week: 4, measure: responder"),
    ("week: 12, measure: change", "week: 4, measure: change"),
    ("endpoint: ACR20\n  week: 12", "endpoint: ACR20\n  week: 4"),
)


def missing(mechanism, probability, more=""):
    return (
        f"missing: [{{id: one, mechanism: {mechanism}, probability: {probability},"
        f" source: assumed{more}}}]\n"
    )


def wide(data):
    rows = data.observations.filter(col("component") == "tjc68")
    return {(row["subject"], row["week"]): row["value"] for row in rows.to_dicts()}


def test_strata_are_balanced_each_by_itself(study):
    plan = study(end=STRATA, n=15)
    found = allocate_patients(plan, serial)
    assert len(found.arm_of) == 30
    for one in (0, 1):
        counts = np.bincount(found.arm_of[found.stratum == one], minlength=2)
        assert abs(2 * counts[0] - counts[1]) <= 2
    data = conduct(plan)
    start = data.observations.filter((col("week") == 0) & (col("component") == "tjc68"))
    judged = data.subjects.join(start.select("subject", "value"), on="subject")
    said = judged["stratum"] == f"{MEDIAN}: yes"
    assert said.to_list() == (judged["value"] >= 20).to_list()


def test_strata_cut_into_tasks_change_no_byte(study, tables):
    plan = study(end=STRATA, n=6)
    found = allocate_patients(plan, serial)
    parts = [conduct_block(plan, task, found) for task in blocks(plan.size, 5)]
    assert tables(gather(parts, plan.model)) == tables(conduct(plan))


def test_a_stratum_is_judged_on_what_the_baseline_visit_sees(study):
    plan = study(end=STRATA)
    who = enrol(plan, np.arange(10))
    seen = wide(conduct(plan))
    expected = [seen[patient, 0.0] >= 20 for patient in range(10)]
    assert strata_of(plan, who).tolist() == [int(one) for one in expected]


def test_visits_missing_by_chance_are_missing_and_change_nothing_else(study):
    whole = wide(conduct(study(n=60)))
    found = wide(conduct(study(n=60, end=missing("completely_at_random", 0.3))))
    assert found.items() <= whole.items()
    later = [key for key in whole if key[1] > 0]
    share = 1 - sum(key in found for key in later) / len(later)
    assert share == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / len(later)))
    assert all(key in found for key in whole if key[1] == 0)


def test_the_same_visits_are_missed_in_every_arm(study):
    plan = study(n=12, end=missing("completely_at_random", 0.4))
    arms = [
        wide(gather([conduct_block(plan, range(12), Allocated(np.full(24, arm)))], plan.model))
        for arm in (0, 1)
    ]
    assert arms[0].keys() == arms[1].keys()


def test_at_random_looks_at_what_was_last_seen_and_not_at_random_at_today(study):
    whole = wide(conduct(study(n=30)))
    when = ", when: percent_change(tjc68) > -21.7"

    def worse(patient, week):
        return 100 * (whole[patient, week] / whole[patient, 0.0] - 1) > -21.7

    before = wide(conduct(study(n=30, end=missing("at_random", 1.0, when))))
    today = wide(conduct(study(n=30, end=missing("not_at_random", 1.0, when))))
    patients = {patient for patient, _ in whole}
    for patient in patients:
        # week 4 is judged on baseline, which never improved; no later visit was seen instead
        assert not any((patient, week) in before for week in (4.0, 8.0, 12.0))
        for week in (4.0, 8.0, 12.0):
            assert ((patient, week) in today) == (not worse(patient, week))


def test_who_is_lost_is_never_seen_again_and_left_between_two_visits(study):
    plan = study(n=30, end=missing("completely_at_random", 0.4, ", lost: patient"))
    data = conduct(plan)
    lost = data.subjects.filter(col("discontinued_by") == "one")
    assert lost.height > 10
    assert set(lost["discontinued_week"]) <= {2.0, 6.0, 10.0}
    seen = data.observations.join(lost.select("subject", "discontinued_week"), on="subject")
    assert (seen["week"] <= seen["discontinued_week"]).all()


def test_a_rule_does_not_fire_at_a_visit_that_was_missed(study):
    rule = "rules: [{id: all, when: not (tjc68 < 0), action: {withdraw: true}}]\n"
    away = missing("not_at_random", 1, ", when: tjc68 >= 0")
    assert conduct(study(end=away + rule)).subjects["discontinued_week"].null_count() == 24
    assert set(conduct(study(end=rule)).subjects["discontinued_week"]) == {4.0}


def test_withdrawal_ends_doses_and_visits_at_its_visit_with_its_reason(study):
    rule = (
        "rules: [{id: bad, visits: [4], when: tjc68 >= 0, chance: 0.5, action: {withdraw: true}}]\n"
    )
    data = conduct(study(n=40, end=rule))
    gone = data.subjects.filter(col("discontinued_by") == "bad")
    assert gone.height == pytest.approx(40, abs=4 * np.sqrt(20))
    assert set(gone["discontinued_week"]) == {4.0}
    assert set(gone["status"]) == {"discontinued"}
    seen = data.observations.join(gone.select("subject"), on="subject")
    assert seen["week"].max() == 4.0
    given = data.doses.join(gone.select("subject"), on="subject")
    assert given["day"].max() == 0.0


def test_doses_go_wrong_at_the_declared_rates(study):
    usual, wrong = conduct(study(n=60)), conduct(study(n=60, end=WRONG))
    both = usual.doses.join(
        wrong.doses.select("subject", "day", "amount"), on=["subject", "day"], how="left"
    )
    share = (both["amount_right"] / both["amount"]).fill_null(0.0)
    assert set(share.round(6)) == {0.0, 0.5, 1.0}
    for kind in (0.0, 0.5):
        assert (share.round(6) == kind).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 120))
    assert wrong.subjects["protocol_deviations"].sum() == int((share < 1).sum())


def test_the_hold_of_a_site_sets_how_many_cells_live(study):
    plan = study(end=SITES, n=12)
    who = enrol(plan, np.arange(24))
    group = mixed_group(plan, np.ones(24, dtype=np.int64), who)
    alive = group.parameters.values[:, group.parameters.names.index("viability")]
    assert len(set(alive.tolist())) == len(set(who.site.tolist())) == 3
    minutes = hold_minutes(plan, plan.design.sites, who.site)
    assert np.all(np.diff(alive[np.argsort(minutes)]) <= 0)
    many = hold_minutes(plan, plan.design.sites, np.arange(20_000))
    assert (many.mean(), many.std()) == pytest.approx((120, 80), rel=0.05)


def test_patients_arrive_in_order_and_sites_follow(study):
    plan = study(
        end="design: {enrolment: {patients_per_month: 4, sites: 3, start_up_week: 8}}\n", n=12
    )
    subjects = conduct(plan).subjects.sort("subject")
    assert subjects["arrival_day"].is_sorted()
    assert set(subjects["site"]) <= {0, 1, 2}


def test_open_label_moves_reports_of_treated_patients_by_its_size_and_nothing_else(study):
    plan = study(end=OPEN, n=12)
    told, masked = wide(conduct(plan)), wide(conduct(plan, without=["knowledge"]))
    assert masked == wide(conduct(study(n=12)))
    data = conduct(plan)
    arm = dict(data.subjects.select("subject", "arm").iter_rows())
    treated = [key for key in told if arm[key[0]] == "msc" and key[1] > 0]
    assert all(told[key] == masked[key] for key in told if key not in treated)
    assert np.mean([told[key] - masked[key] for key in treated]) < 0


def test_at_the_primary_week_the_bias_is_its_published_size_in_standard_deviations(study):
    plan = study(end=OPEN, n=12)
    who = enrol(plan, np.arange(64))
    group = mixed_group(plan, np.ones(64, dtype=np.int64), who)
    minute = 12 * 7 * 1440
    further = group.told.at(plan, who, None, minute)["pain_vas"]
    item = next(one for one in plan.model.endpoints.components if one.id == "pain_vas")
    masked = replace(plan, protocol=replace(plan.protocol, design=None))
    spread = untreated_spread(masked, who, minute)["pain_vas"]
    deviation = float(np.nanstd(spread[1] - spread[0], ddof=1))
    gain = deviation / (reach_of(plan, untreated_spread)["pain_vas"] * item.expectation)
    moved = further * item.expectation * gain
    assert moved == pytest.approx(library_bias().sd * deviation, rel=1e-9)


def test_who_guesses_by_fever_hopes_more_after_it_and_others_less(study):
    plan = study(end=UNMASKED, n=40)
    who = enrol(plan, np.arange(80))
    group = mixed_group(plan, np.ones(80, dtype=np.int64), who)
    doses = conduct_doses(plan, group)
    early = group.told.at(plan, who, doses, 0)["pain_vas"]
    late = group.told.at(plan, who, doses, 84 * 1440)["pain_vas"]
    assert np.all(early == 0)
    data = gather(
        [conduct_block(plan, range(80), Allocated(np.ones(80, dtype=np.int64)))], plan.model
    )
    felt = set(data.adverse_events.filter(col("term") == "fever")["subject"])
    assert 0 < len(felt) < 80
    assert set(np.flatnonzero(late > 0).tolist()) == felt
    assert set(np.flatnonzero(late < 0).tolist()) == set(range(80)) - felt


def conduct_doses(plan, group):
    from funis.trial.course import regimen_doses

    return regimen_doses(plan, group.arms, group.arm_of, group.who, plan.horizon_minute)


def test_an_unknown_adverse_event_is_one_line_with_the_nearest_name(study):
    plan = study(end=UNMASKED.replace("fever", "fevr"))
    (issue,) = check(plan.protocol, plan.model, plan.products)
    assert "unknown adverse event 'fevr'" in str(issue)
    assert "did you mean 'fever'" in str(issue)
    assert issue.line is not None


def test_a_stratum_that_nobody_knows_at_baseline_is_one_line(study):
    plan = study(end=STRATA.replace("tjc68 >= 20", "tjc680 >= 20"))
    (issue,) = check(plan.protocol, plan.model, plan.products)
    assert "unknown name in a stratum 'tjc680' for the disease 'ra'" in str(issue)


def test_layers_are_taken_away_after_enrolment(study):
    plan = study(end=OPEN, n=6)
    whole, bare = conduct(plan), conduct(plan, without=LAYERS)
    assert whole.subjects.equals(bare.subjects)
    assert not whole.observations.equals(bare.observations)


def test_a_sham_is_recorded_and_does_nothing(study):
    sham = (
        "    control: placebo\n",
        "    control: placebo\n"
        "    interventions: [{sham: true, route: iv, schedule: {days: [0, 28]}}]\n",
    )
    usual, with_sham = conduct(study()), conduct(study(sham))
    rows = with_sham.doses.filter(col("arm") == "placebo")
    assert set(rows["amount"]) == {0.0}
    assert rows.height == 24
    near = usual.observations.join(
        with_sham.observations, on=["subject", "week", "component"], how="full"
    )
    difference = (near["value"] - near["value_right"]).abs()
    assert near["value_right"].null_count() == 0
    assert difference.max() <= 1.0  # a count may round the other way; the course is the same
    assert (difference > 1e-3).mean() < 0.01


def test_sequences_are_dosed_in_their_periods(study):
    plan = study(*IN_PERIODS, end=CROSSOVER, n=6)
    data = conduct(plan)
    assert set(data.subjects["arm"]) == {"cells_first", "cells_last"}
    days = data.doses.group_by("arm").agg(col("day").unique()).to_dicts()
    assert {row["arm"]: row["day"] for row in days} == {"cells_first": [0.0], "cells_last": [28.0]}


@pytest.mark.parametrize(("toxic", "tried"), [(False, [0, 0, 0, 1, 1, 1]), (True, [0, 0, 0])])
def test_an_escalation_follows_the_toxicities_of_those_before(study, monkeypatch, toxic, tried):
    plan = study(n=6)
    rules = Escalation("three_plus_three", ("placebo", "msc"), 3, 0.25, 12, 3, (), 28.0)
    asked = []

    def limited(_study, _plan, who, place):
        asked.append((who.patient.tolist(), place))
        return np.full(len(who.patient), toxic)

    def up(_plan, levels, toxicities):
        if any(toxicities) or levels[-1] == 1:
            return None
        return levels[-1] + 1

    monkeypatch.setattr("funis.trial.allocation.dose_limited", limited)
    found = escalated(plan, rules, up)
    assert found.arm_of.tolist() == tried
    assert found.limited.tolist() == [toxic] * len(tried)
    assert asked[0] == ([0, 1, 2], 0)
