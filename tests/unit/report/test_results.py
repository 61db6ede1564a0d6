import math

from funis.analysis.results import Contrast, Estimate
from funis.report import render_trial
from funis.report.content import EndpointView, Interval
from funis.report.results import (
    contrast_text,
    difference_text,
    estimate_text,
    interval_text,
    result_tables,
)
from funis.report.terminal import plain_table


def test_texts():
    assert interval_text(Interval(0.29, 0.272, 0.309), as_percent=True) == "29.0% (27.2% to 30.9%)"
    assert interval_text(Interval(-1.3, None, None)) == "−1.30 (interval not known)"
    assert interval_text(Interval(None, -1.3, -0.87)) == "−1.30 to −0.87"
    assert difference_text(Interval(0.1, -0.02, 0.2), as_points=True) == "+10.0 (−2.0 to +20.0)"
    assert difference_text(Interval(-0.5, None, None)) == "−0.50 (interval not known)"


def test_an_estimate_without_data_is_a_dash():
    nan = math.nan
    empty = Estimate("a", "ACR20@12", 12.0, "proportion", 0, nan, nan, nan, "", "")
    assert estimate_text(empty) == "– (– to –)"


def test_differences_of_proportions_are_percentage_points():
    contrast = Contrast(
        "a", "p", "ACR20@12", 12.0, "difference_in_proportions", 0.123, 0.05, 0.2, 9, 9, "", None
    )
    assert contrast_text(contrast) == "+12.3 (+5.0 to +20.0)"


def test_primary_first_and_structural_apart(report):
    tables = result_tables(report)
    assert tables[0].endpoint.role == "primary"
    assert [table.endpoint.role for table in tables[1:]].index("exploratory") == len(tables) - 2
    assert all(not table.endpoint.structural for table in tables)
    assert [table.endpoint.key for table in result_tables(report, structural=True)] == [
        "SHARP_change@52"
    ]


def test_the_reference_has_no_difference_and_the_others_do(report):
    rows = result_tables(report)[0].rows
    assert [row.is_reference for row in rows] == [True] + [False] * 5
    assert rows[0].difference == ""
    assert all(row.difference and row.difference_strip for row in rows[1:])


def test_the_side_that_is_favoured_follows_the_direction(report):
    acr20, das28 = result_tables(report)[:2]
    assert acr20.favours == ("placebo", "arm")
    assert das28.favours == ("arm", "placebo")


def test_an_endpoint_without_a_name_is_shown_by_its_key(bare):
    estimate = Estimate("placebo", "HAQ_change@12", 12.0, "mean_change", 9, 1.0, 0.0, 2.0, "", "")
    (table,) = result_tables(bare(estimates=(estimate,)))
    assert table.heading == "HAQ change at week 12"
    assert table.favours == ("", "")


def test_contrasts_to_another_reference_are_not_shown(bare, report):
    view = EndpointView("ACR20@12", "ACR20", 12.0, "responder")
    estimate = Estimate("placebo", "ACR20@12", 12.0, "proportion", 9, 0.5, 0.2, 0.8, "", "")
    other = Contrast(
        "placebo", "x", "ACR20@12", 12.0, "difference_in_proportions", 0.1, 0, 0.2, 9, 9, "", None
    )
    (table,) = result_tables(bare(endpoints=(view,), estimates=(estimate,), contrasts=(other,)))
    assert table.rows[0].difference == ""


def rates(bare):
    view = EndpointView(
        "FLARES_rate@52",
        "Flares, rate",
        52.0,
        "rate",
        "primary",
        "flares per patient-year",
        "lower",
    )
    estimates = tuple(
        Estimate(arm, view.key, 52.0, "rate", 99, *values, view.unit, "events / patient-years")
        for arm, values in (("placebo", (0.6, 0.4, 0.9)), ("msc", (0.3, 0.2, 0.45)))
    )
    contrast = Contrast(
        "msc", "placebo", view.key, 52.0, "rate_ratio", 0.5, 0.25, 0.98, 99, 99, "sandwich", 0.04
    )
    return bare(endpoints=(view,), estimates=estimates, contrasts=(contrast,), reference="placebo")


def test_a_rate_ratio_is_shown_as_a_ratio_around_one(bare):
    (table,) = result_tables(rates(bare))
    assert (table.unit, table.difference_unit) == ("flares per patient-year", "ratio")
    assert table.against == "divided by"
    row = next(row for row in table.rows if not row.is_reference)
    assert (row.estimate, row.difference) == ("0.30 (0.20 to 0.45)", "0.50 (0.25 to 0.98)")
    assert "Ratio 0.50" in row.difference_strip
    assert table.favours == ("arm", "placebo")
    assert "+0" not in table.difference_axis
    page = render_trial(rates(bare))
    assert "Divided by placebo, ratio" in page
    assert "its difference or ratio to placebo" in page
    assert "divided by Placebo (ratio)" in plain_table(rates(bare))


def test_a_ratio_without_a_limit_says_so():
    inf = math.inf
    endless = Contrast("a", "p", "F_rate@52", 52.0, "rate_ratio", inf, 1.2, inf, 9, 9, "", None)
    assert contrast_text(endless) == "– (interval not known)"
