"""The calendar: relative days from screening to the end, and the label's day 28."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.models import library_folder
from funis.plan import Consultation, Medication
from funis.plan.calendar import calendar_of, directions_calendar, infusions_of
from funis.plan.calendar_file import LIBRARY, library_calendar_rules, load_calendar_rules
from funis.plan.directions_schema import load_directions
from funis.protocol import Arm, Intervention, load_protocol

LABEL = Path(__file__).with_name("ryoncil_label.yaml")
TRIALS = library_folder() / "trials"


@pytest.fixture(scope="module")
def trial():
    return load_protocol(TRIALS / "ra_demo.yaml")


@pytest.fixture(scope="module")
def entries(trial):
    return calendar_of(trial, trial.arm("four_monthly")).entries


def of(entries, kind):
    return [one for one in entries if one.kind == kind]


def cells(*days, route="iv"):
    return Intervention(
        id="cells", product="uc_msc_reference", dose_cell=5e7, route=route, days=days
    )


def test_a_calendar_goes_from_screening_to_the_last_visit(entries, trial):
    assert min(one.day_first for one in entries) == trial.population.screening_day
    assert of(entries, "end")[0].day_first == 364
    assert [one.day_first for one in entries] == sorted(one.day_first for one in entries)


def test_infusions_stand_on_the_days_of_the_arm(entries):
    found = of(entries, "infusion")
    assert [one.day_first for one in found] == [0, 28, 56, 84]
    assert found[1].title == "infusion 2 of 4: 1 million cells/kg by vein"
    assert found[1].note == "observation for 360 minutes after it"


def test_each_visit_has_its_window(entries, trial):
    found = of(entries, "visit")
    assert len(found) == len(trial.visits.weeks) - 1
    week_12 = next(one for one in found if one.title == "visit of week 12")
    assert (week_12.day_first, week_12.day_last) == (81, 87)
    assert "ACR20 (primary)" in week_12.note
    late = next(one for one in found if one.title == "visit of week 52")
    assert (late.day_first, late.day_last) == (357, 371)


def test_rules_of_the_trial_are_asked_at_their_visits(entries):
    found = of(entries, "decision")
    assert [one.day_first for one in found] == [168, 252]
    assert found[0].title.startswith("rescue: steroid given if percent_change(tjc68) > -20")
    assert found[0].note == "once at most"


def test_an_infusion_months_after_the_one_before_is_maintenance(trial):
    found = calendar_of(trial, trial.arm("advertised")).entries
    assert [one.day_first for one in of(found, "infusion")] == [0]
    assert [one.day_first for one in of(found, "maintenance")] == [182 * n for n in range(1, 6)]
    assert "fixed by the protocol, whatever the response" in of(found, "maintenance")[0].note


def test_maintenance_that_follows_the_response_comes_from_a_rule_of_the_trial(trial):
    rule = trial.rules[0]
    again = replace(rule.action, give=(cells(0.0),), rescue=False)
    asked = replace(rule, id="again", weeks=(24, 52), action=again, min_gap_week=26, at_most=5)
    told = calendar_of(replace(trial, rules=(asked,)), trial.arm("single")).entries
    found = of(told, "maintenance")
    assert [one.day_first for one in found] == [168, 364]
    assert found[0].title.startswith("again: 50 million cells by vein given if ")
    assert found[0].note == "5 times at most, at least 26 weeks apart"


def test_a_drug_that_has_to_be_off_is_washed_out_before_the_first_infusion(trial):
    taken = (
        Medication("tofacitinib", "jak_inhibitor"),
        Medication("etanercept", "anti_tnf", stopped_week=10),
        Medication("methotrexate", "mtx"),
    )
    visit = Consultation("virtual", "ra", 70, medication=taken)
    found = calendar_of(trial, trial.arm("single"), visit).entries
    spells = {one.title: one.day_first for one in found if one.title.startswith("wash-out")}
    assert list(spells.values()) == [-84, -21]
    assert all("methotrexate" not in title for title in spells)


def test_two_routes_on_one_day_are_one_infusion(trial):
    both = Arm("both", "Both", interventions=(cells(0.0, route="it"), cells(0.0, 28.0)))
    found = calendar_of(trial, both).entries
    title = "infusion 1 of 2: 50 million cells into the fluid and 50 million cells by vein"
    assert of(found, "infusion")[0].title == title
    assert any("puncture" in one.title for one in of(found, "monitoring"))


def test_day_0_is_the_first_infusion_wherever_it_stands_in_the_trial(trial):
    late = Arm("late", "Late", interventions=(cells(14.0, 42.0),))
    found = calendar_of(trial, late).entries
    assert [one.day_first for one in of(found, "infusion")] == [0, 28]
    assert of(found, "baseline")[0].day_first == -14
    assert of(found, "end")[0].day_first == 350


def test_infusions_beyond_the_end_of_the_trial_are_said_to_be_unseen(trial):
    ends = of(calendar_of(trial, trial.arm("advertised")).entries, "end")
    assert [one.day_first for one in ends] == [364, 910]
    assert ends[1].note == "nobody is seen after the end of the trial"


def test_the_day_28_rules_of_the_label_come_out():
    found = directions_calendar(load_directions(LABEL)).entries
    days = [one.day_first for one in of(found, "infusion")]
    assert days == [0, 3, 7, 10, 14, 17, 21, 24]
    assert [one.day_first for one in of(found, "premedication")] == days
    asked = {one.title: one for one in of(found, "decision")}
    again = asked["partial or mixed response: once a week for four weeks"]
    assert (again.day_first, again.day_last) == (26, 30)
    assert again.note == "4 infusions of 2 million cells/kg by vein"
    assert asked["complete response: no further cells"].note is None
    relapse = asked["recurrence after complete response: twice a week for four weeks"]
    assert relapse.note == "8 infusions of 2 million cells/kg by vein"


def test_no_further_infusion_after_a_serious_reaction(entries):
    found = of(entries, "stopping")
    assert [(one.day_first, one.day_last) for one in found] == [(0, 84)]


def test_every_entry_is_sourced_and_in_order(entries):
    for one in entries:
        assert one.day_first <= one.day_last
        assert one.source


def test_every_arm_with_cells_of_the_library_has_a_calendar():
    for path in sorted(TRIALS.glob("*_demo.yaml")):
        protocol = load_protocol(path)
        for arm in protocol.arms:
            found = calendar_of(protocol, arm).entries
            assert found[-1].day_last >= protocol.visits.last_week * 7 - 14


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8, unique=True))
def test_gaps_between_infusions_add_up(days):
    found = infusions_of([cells(*sorted(float(day) for day in days))])
    assert found[0].day == 0
    assert sum(one.gap or 0 for one in found) == found[-1].day == max(days) - min(days)
    assert [one.until_next for one in found[:-1]] == [one.gap for one in found[1:]]


def test_a_window_that_no_visit_reaches_is_refused(tmp_path):
    path = tmp_path / "calendar.yaml"
    text = LIBRARY.read_text(encoding="utf-8").replace(
        "{days: 7, source", "{to_week: 9, days: 7, source"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="some visit has no window; expected weeks that rise"):
        load_calendar_rules(path)


def test_the_window_of_a_visit_follows_its_week():
    rules = library_calendar_rules()
    assert [rules.window(week).days for week in (2, 12, 13, 156)] == [3, 3, 7, 7]
