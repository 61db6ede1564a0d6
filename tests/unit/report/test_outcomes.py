import dataclasses
import math

import pytest

from funis.analysis.comparison import Comparison, ComparisonRow
from funis.analysis.published import Published, Skipped
from funis.analysis.results import Decision, Estimate
from funis.report import render_trial
from funis.report.comparison import forests
from funis.report.content import Interval
from funis.report.outcomes import published_rows, skipped_rows, success_outcomes


def decision(verdict: str, success: bool = False) -> Decision:
    return Decision("a", "p", "ACR20@12", 12.0, success, verdict, 0.1, 0.0, 0.2, 0.05, 0.0)


@pytest.mark.parametrize(
    ("verdict", "success", "found", "words"),
    [
        ("success", True, True, ""),
        ("no effect found", False, False, ""),
        ("smaller than required", False, False, "Smaller than required"),
        ("worse than the reference", False, False, "Worse than the reference"),
        ("no data", False, None, ""),
    ],
)
def test_decisions_become_outcomes(verdict, success, found, words):
    (outcome,) = success_outcomes([decision(verdict, success)])
    assert outcome.found is found
    assert outcome.words == words
    assert outcome.statement


def published(**changes: object) -> Published:
    content = {
        "study": "he2020_ra", "group": "stromal cells", "arm": "msc", "evidence_type": "randomised",
        "design": "randomized", "randomised": True, "blinding": "unknown", "control": "unknown",
        "n": 30, "product": "umbilical cord", "dose": "unknown", "route": "iv", "infusions": 1,
        "schedule": "unknown", "week": 12.0, "published_name": "ACR20", "endpoint": "ACR20",
        "measure": "responder", "contrast": False, "subgroup": None, "estimate": 0.533,
        "low": 0.361, "high": 0.698, "interval": "Wilson", "confidence": "high", "target": False,
        "notes": ("completers only",),
    }  # fmt: skip
    return Published(**(content | changes))


def estimate(arm: str) -> Estimate:
    return Estimate(arm, "ACR20@12", 12.0, "proportion", 99, 0.4, 0.3, 0.5, "share", "")


def test_comparison_becomes_rows():
    row = ComparisonRow(published(), (estimate("placebo"), estimate("msc")), 12.0, True)
    (made,) = published_rows([row], {"msc"})
    assert [beside.arm for beside in made.simulated] == ["msc"]
    assert made.dose == "iv, 1 infusion"
    assert made.simulated_week is None
    assert made.note == "completers only"


def test_another_week_and_an_unknown_interval_are_said(bare):
    item = published(measure="change", endpoint="DAS28_ESR", low=math.nan, high=math.nan)
    row = ComparisonRow(item, (), 16.0, False)
    (made,) = published_rows([row], {"msc"}, {"DAS28_ESR": "score points"})
    assert made.simulated_week == 16.0
    assert made.observed == Interval(0.533, None, None)
    assert made.endpoint == "DAS28-ESR change"
    assert made.unit == "score points"
    assert "interval not known" in render_trial(bare(published=(made,)))


def test_skipped_rows_keep_their_reason():
    skipped = Skipped("s", "a", "TNF", None, "direction only")
    (made,) = skipped_rows(Comparison((), (skipped,)))
    assert made.reason == "direction only"


def test_a_ratio_is_held_against_one_in_words():
    ratio = dataclasses.replace(decision("no effect found"), null=1.0)
    assert success_outcomes([ratio])[0].statement == "The interval holds 1."
    assert (
        success_outcomes([decision("no effect found")])[0].statement == "The interval holds zero."
    )


@pytest.mark.parametrize("contrast", [False, True])
def test_published_rates_and_their_ratios_bear_their_units(contrast):
    item = published(measure="rate", endpoint="FLARES", contrast=contrast, estimate=0.5)
    (row,) = published_rows([ComparisonRow(item, (), None, False)], ["a"], {"FLARES": "flares"})
    assert (row.endpoint, row.percent, row.ratio) == ("FLARES rate", False, contrast)
    assert row.unit == "flares per patient-year"


def test_a_forest_of_ratios_has_its_line_at_one(bare):
    item = published(measure="rate", endpoint="FLARES", contrast=True, estimate=0.5)
    rows = published_rows([ComparisonRow(item, (), None, False)], ["a"], {"FLARES": "flares"})
    (forest,) = forests(bare(published=rows))
    assert (forest.endpoint, forest.unit) == ("FLARES rate, ratio to the control arm", "ratio")
    assert forest.groups[0].rows[0].observed == "0.50 (0.36 to 0.70)"
