"""Rules: when they fire, what they give, stop and mark, and that silence costs nothing."""

import numpy as np
import polars

from funis.trial import conduct

col = polars.col

NEVER = """rules:
  - id: never
    when: tjc68 > 1000
    action:
      rescue: true
      stop: all
      give:
        - {product: uc_msc_reference, dose_cell: 7.0e+7, route: iv, schedule: {days: [0, 3]}}
        - {drug: steroid, dose: 1.0, schedule: {start_day: 0, continuous: true}}
"""


def rule(when, action, *, arms="all", visits="[4, 8]", more=""):
    return f"""rules:
  - id: made_up
    arms: {arms}
    visits: {visits}
    when: {when}
    {more}
    action: {action}
"""


GIVE = "{give: [{product: uc_msc_reference, dose_cell: 7.0e+7, route: iv, schedule: {days: [0]}}]}"
ALWAYS = "tjc68 >= 0"
DRUG = "      - {drug: steroid, dose: 1.0, schedule: {start_day: 0, continuous: true}}\nvisits:\n"


def test_a_rule_that_never_fires_gives_the_bytes_of_the_fixed_schedule(study, tables):
    drop_out = ("rate_per_year: 0.0", "rate_per_year: 1.0")
    assert tables(conduct(study(drop_out))) == tables(conduct(study(drop_out, end=NEVER)))


def test_doses_of_a_rule_bear_its_name(study):
    data = conduct(study(end=rule(ALWAYS, GIVE)))
    given = data.doses.filter(col("rule") == "made_up")
    assert len(given) == 24 * 2
    assert sorted(given["day"].unique()) == [28.0, 56.0]
    assert given["amount"].unique().len() == 1
    assert data.doses.filter(col("rule").is_null()).height == 24


def test_a_rule_changes_what_comes_after_the_visit_alone(study):
    without, by_rule = conduct(study()), conduct(study(end=rule(ALWAYS, GIVE, visits="[4]")))
    early = col("week") <= 4
    assert by_rule.observations.filter(early).equals(without.observations.filter(early))
    late = by_rule.observations.filter(~early)["value"].to_numpy()
    assert not np.array_equal(late, without.observations.filter(~early)["value"].to_numpy())


def test_a_rule_may_concern_some_arms_and_some_patients(study):
    plan = study(end=rule("tjc68 > 15", GIVE, arms="[placebo]", visits="[8]"))
    data = conduct(plan)
    given = set(data.doses.filter(col("rule") == "made_up")["subject"])
    seen = data.observations.filter((col("week") == 8) & (col("component") == "tjc68"))
    above = seen.filter((col("value") > 15) & (col("arm") == "placebo"))
    assert given == set(above["subject"])
    assert 0 < len(given) < 12


def test_at_most_and_the_gap_between_firings(study):
    often = rule(ALWAYS, GIVE, visits="all")
    assert conduct(study(end=often)).doses.filter(col("rule") == "made_up").height == 24 * 2
    once = rule(ALWAYS, GIVE, visits="all", more="at_most: 1")
    assert conduct(study(end=once)).doses.filter(col("rule") == "made_up").height == 24
    spaced = rule(ALWAYS, GIVE, visits="all", more="min_gap_week: 5")
    days = conduct(study(end=spaced)).doses.filter(col("rule") == "made_up")["day"]
    assert days.unique().to_list() == [28.0]


def test_the_last_visit_decides_nothing(study):
    data = conduct(study(end=rule(ALWAYS, GIVE, visits="[12]")))
    assert data.doses.filter(col("rule") == "made_up").is_empty()


def test_rescue_marks_the_first_time(study):
    data = conduct(study(end=rule("tjc68 > 15", "{rescue: true, stop: all}", visits="[4, 8]")))
    joints = data.observations.filter(col("component") == "tjc68")
    first = (
        joints.filter((col("value") > 15) & col("week").is_in([4.0, 8.0]))
        .group_by("subject").agg(col("week").min())
    )  # fmt: skip
    found = data.subjects.filter(col("rescued_week").is_not_null()).select(
        "subject", "rescued_week"
    )
    assert sorted(found.rows()) == sorted(first.rows())
    assert len(found) > 0


def test_stopping_ends_what_runs_and_what_was_planned(study):
    data = conduct(study(("visits:\n", DRUG), end=rule(ALWAYS, "{stop: all}", visits="[4]")))
    steroid = data.doses.filter(col("intervention") == "steroid")
    assert steroid["duration_day"].unique().to_list() == [28.0]
    cells = data.doses.filter(col("intervention") != "steroid")
    assert cells["day"].unique().to_list() == [0.0]  # the second was due on the day of the visit


def test_stopping_one_thing_leaves_the_other(study):
    data = conduct(study(("visits:\n", DRUG), end=rule(ALWAYS, "{stop: [steroid]}", visits="[4]")))
    assert data.doses.filter(col("intervention") != "steroid")["day"].n_unique() == 2
    assert data.doses.filter(col("intervention") == "steroid")["duration_day"][0] == 28.0


def test_nobody_who_left_is_asked(study):
    leaving = ("rate_per_year: 0.0", "rate_per_year: 8.0")
    data = conduct(study(leaving, end=rule(ALWAYS, "{rescue: true, stop: all}", visits="[8]")))
    rescued = data.subjects.filter(col("rescued_week").is_not_null())
    assert (rescued["discontinued_week"].fill_null(99) > 8).all()
    absent = data.subjects.filter(col("discontinued_week") <= 8)
    assert len(absent) > 3
    assert absent["rescued_week"].is_null().all()


def test_rules_count_the_doses_that_rules_gave(study):
    """Without this a limit on doses would never be reached by re-dosing."""
    data = conduct(study(end=rule("doses_given < 2", GIVE, visits="[4, 8]")))
    count = data.doses.group_by("arm", "subject").len()
    assert count.filter(col("arm") == "placebo")["len"].unique().to_list() == [2]
    assert count.filter(col("arm") == "msc")["len"].unique().to_list() == [
        3
    ]  # 0, 28 and the rule's


def test_rules_see_change_previous_week_and_covariates(study):
    when = (
        "change(tjc68) == tjc68 - baseline(tjc68) and previous(tjc68) == baseline(tjc68)"
        " and week == 4 and weight_kg > 0 and change(DAS28_CRP) == DAS28_CRP - baseline(DAS28_CRP)"
    )
    data = conduct(study(end=rule(when, "{rescue: true, stop: all}", visits="all")))
    assert data.subjects["rescued_week"].to_list() == [4.0] * 24


def test_two_rules_act_in_the_order_of_the_file(study):
    second = "  - {id: second, visits: [4], when: doses_given >= 0, action: {stop: all}}\n"
    data = conduct(study(end=rule(ALWAYS, GIVE, visits="[4]") + second))
    assert data.doses.filter(col("rule") == "made_up").is_empty()  # given, then stopped at once


def test_a_product_that_only_a_rule_gives_has_its_viability(study, ra):
    plan = study(end=rule(ALWAYS, GIVE, arms="[placebo]", visits="[4]"))
    set_here = plan.parameters_of(plan.protocol.arm("placebo"))
    assert set_here == plan.parameters_of(plan.protocol.arm("msc"))
    assert set(set_here) == {"viability"}
    assert study().parameters_of(plan.protocol.arm("placebo")) == {}
