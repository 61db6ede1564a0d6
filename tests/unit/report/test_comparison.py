from funis.report import render_trial
from funis.report.comparison import (
    draw_rows,
    drug_checks,
    forests,
    parameter_groups,
    target_checks,
)
from funis.report.content import Interval, ParameterRow, PublishedRow


def test_randomised_rows_stand_apart_from_the_others(report):
    acr20 = forests(report)[0]
    assert [group.kind for group in acr20.groups] == ["randomised", "pooled", "uncontrolled"]
    assert all(row.row.randomised for row in acr20.groups[0].rows)
    assert not any(row.row.randomised for row in acr20.groups[2].rows)


def test_differences_are_never_mixed_with_single_arms(report):
    headings = [forest.endpoint for forest in forests(report)]
    assert headings == [
        "ACR20",
        "DAS28-ESR change",
        "ACR50, difference to the control arm",
        "ACR70",
    ]
    (row,) = forests(report)[2].groups[0].rows
    assert row.observed == "+20.0 (−10.0 to +50.0)"


def test_people_say_how_many_were_randomised(report):
    randomised, _, others = forests(report)[0].groups
    assert randomised.rows[0].people == "63 randomised patients, 30 in this arm"
    assert randomised.rows[1].people == "randomised patients: 16 in this arm"
    assert others.rows[0].people == "17 patients, none randomised"


def test_every_published_row_stands_on_the_page(report, page):
    for forest in forests(report):
        for group in forest.groups:
            for row in group.rows:
                assert row.observed in page
                assert row.people in page
    assert "simulated 52" in page
    assert "the model was set to this number" in page
    assert "direction only, no number" in page
    assert "1 more end points" not in page
    assert "1 more end point<" in page


def test_a_row_without_a_simulated_arm_says_so(bare):
    row = PublishedRow("S", "a", "single arm", False, None, "x", "", 4.0, "E",
                       Interval(0.5, None, None), ())  # fmt: skip
    page = render_trial(bare(published=(row,)))
    assert "not estimated in this run" in page
    assert "50.0% (interval not known)" in page


def test_failures_come_first(report):
    assert [row.verdict for row in drug_checks(report)] == ["failed", "passed", "passed"]
    assert [row.verdict for row in target_checks(report)] == ["failed", "passed"]


def test_parameters_are_grouped_with_the_assumed_first():
    class Report:
        parameters = (
            ParameterRow("m", "M", 1.0, "", "measured"),
            ParameterRow("c", "C", 1.0, "", "calibrated"),
            ParameterRow("h", "H", 1.0, "", "calibrated", by_hand=True),
            ParameterRow("a", "A", 1.0, "", "assumed"),
        )

    names = [group.status for group in parameter_groups(Report())]
    assert names == ["assumed", "calibrated by hand", "calibrated", "measured"]


def test_draws_are_tabled_with_their_reasons(report, bare):
    assert draw_rows(report)[0] == ("accepted", "1,623", "81.2%")
    assert [name for name, _, _ in draw_rows(report)[1:]] == [
        "unstable", "baseline out of bounds", "drift",
    ]  # fmt: skip
    assert draw_rows(bare()) == ()
