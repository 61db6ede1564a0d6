from funis.report.content import SuccessOutcome, SuccessView
from funis.report.overview import (
    arm_rows,
    calendar_weeks,
    durability_views,
    outcome_rows,
    short_answer,
)


def answer(bare, *found: bool | None) -> str:
    outcomes = tuple(SuccessOutcome("placebo", item) for item in found)
    return short_answer(bare(success=SuccessView("rule", outcomes)))


def test_short_answer(bare):
    assert answer(bare) == "The success rule was not judged in this run."
    assert answer(bare, False, None).startswith("No effect found")
    assert answer(bare, True) == "The success rule was met in every arm judged: Placebo."
    assert answer(bare, True, False).endswith("In the others it was not.")


def test_outcomes_bear_words_and_a_sign_not_only_a_colour(report):
    rows = outcome_rows(report)
    assert [row.words for row in rows[:3]] == ["No effect found", "No effect found", "Effect found"]
    assert [row.sign for row in rows[:3]] == ["○", "○", "●"]
    assert rows[2].estimate
    assert rows[2].difference


def test_other_words_are_kept(bare):
    outcome = SuccessOutcome("placebo", False, "x", "Smaller than required")
    (row,) = outcome_rows(bare(success=SuccessView("rule", (outcome,))))
    assert row.words == "Smaller than required"


def test_arms_and_calendar(report, bare):
    rows = arm_rows(report)
    assert len({(row.style.colour, row.style.shape) for row in rows}) == len(rows)
    assert rows[0].dropped_out == "31 (10.3%)"
    assert calendar_weeks(report) == (0.0, 52.0)
    assert arm_rows(bare())[0].dropped_out == "0 (–)"


def test_durability_that_was_not_reached_says_so(report):
    views = durability_views(report)
    assert views[-1].later == "not reached in this run"
    assert views[-1].later_strip == ""
    assert views[0].effect == "0.00 (−0.06 to 0.06)"
