"""A plan in stages, and every time from thaw to vein in one table."""

import time
from dataclasses import replace

import pytest

from funis.checks import InputError
from funis.pipeline.planning import STAGES, Asked, plan_consultation
from funis.pipeline.planning.holds import holds_of
from funis.pipeline.planning.setting import chosen_protocol
from funis.pipeline.planning.tables import plan_tables
from funis.plan.consultation import read_consultation
from funis.plan.worksheet import joined, worksheets


@pytest.fixture(scope="module")
def whole():
    return plan_consultation("ra", Asked(holds=True))


def test_what_is_there_at_once_is_the_same_as_in_the_whole_plan(whole):
    at_once = plan_consultation("ra", Asked(course=False, holds=True))
    assert at_once.course is None
    assert replace(at_once, course=whole.course, holds=whole.holds) == whole


def test_times_from_thaw_to_vein_change_no_number_of_the_course(whole):
    assert plan_consultation("ra").course == whole.course


def test_what_needs_no_simulation_takes_less_than_a_fifth_of_a_second():
    asked = Asked(course=False, holds=True)
    consultation = read_consultation("ra")
    plan_consultation(consultation, asked)
    began = time.process_time()
    plan_consultation(consultation, asked)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(("name", "arm"), [("ra", None), ("ms", "advertised")])
@pytest.mark.parametrize("minute", [0.0, 45.0, 385.0])
def test_a_listed_time_has_the_numbers_of_the_worksheet_of_that_time(name, arm, minute):
    chosen = chosen_protocol(name, None, arm)
    (row,) = (one for one in holds_of(chosen, 70.0).rows if one.minute == minute)
    sheet = joined(worksheets(chosen.arm, 70.0, hold_minute=minute))
    assert row.vials == sheet.vials
    assert row.dmso_mg_per_kg == pytest.approx(float(sheet.dmso_mg_per_kg))
    late = [text for text in sheet.warnings if "they expire" in text]
    assert (row.in_time is False) == bool(late)
    if name == "ra":
        lines = {line.name: float(line.value) for line in sheet.lines}
        alone = lines["living cells if the dose alone is thawed"] / 1e6
        assert row.functional_million.estimate == pytest.approx(alone, rel=1e-3)
        assert row.thawed_million == pytest.approx(lines["cells to thaw"] / 1e6)


def test_cells_are_in_time_only_where_their_infusion_is_over_before_they_expire(whole):
    """Of the sample the infusion alone outlasts the cells: no hold makes up for that."""
    assert {one.in_time for one in whole.holds.rows} == {False}
    assert any("and the infusion takes" in text for text in whole.worksheet.warnings)


def test_the_longer_cells_wait_the_fewer_act_and_the_more_are_thawed(whole):
    rows = whole.holds.rows
    acting = [row.functional_million.estimate for row in rows]
    assert acting == sorted(acting, reverse=True)
    assert [row.vials for row in rows] == sorted(row.vials for row in rows)
    assert rows[0].difference.estimate > rows[-1].difference.estimate
    assert all(row.functional_million.low < row.functional_million.estimate for row in rows)


def test_no_treated_number_of_a_time_stands_without_placebo(whole):
    assert all(row.treated and row.placebo and row.difference for row in whole.holds.rows)
    assert whole.holds.response.placebo == whole.course.responses[0].placebo
    (own,) = (row for row in whole.holds.rows if row.minute == whole.holds.usual_minute)
    assert own.treated == whole.course.responses[0].treated


def test_between_the_times_that_were_followed_the_line_is_near_what_is_followed_there(whole):
    asked = Asked(holds=True, hold_minute=150.0)
    there = plan_consultation("ra", asked).course.responses[0]
    (row,) = (one for one in whole.holds.rows if one.minute == 150.0)
    assert 150.0 not in whole.holds.computed_minutes
    assert row.difference.estimate == pytest.approx(there.difference.estimate, abs=0.01)


def test_a_time_that_was_never_measured_is_refused():
    with pytest.raises(InputError, match="900"):
        plan_consultation("ra", Asked(course=False, holds=True, hold_minute=900.0))


def test_each_stage_is_reached_once_and_in_order():
    seen = []

    def watched(label, items, total):
        for item in items:
            seen.append((item, total))
            yield item

    plan_consultation("ra", progress=watched)
    assert seen == [(stage, len(STAGES)) for stage in STAGES]


def test_the_time_that_was_asked_for_is_printed(whole):
    asked = plan_consultation("ra", Asked(course=False, holds=True, hold_minute=95.0))
    (table,) = (one for one in plan_tables(asked) if one.columns[0].startswith("Minutes"))
    assert "95" in [row[0] for row in table.rows]


def test_every_adverse_event_of_a_course_is_printed(whole):
    (table,) = (one for one in plan_tables(whole) if one.title.startswith("Adverse events"))
    assert len(table.rows) == len(whole.course.adverse_events) > 8
