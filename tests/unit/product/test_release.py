"""Release: every rule for pass, fail and not reported."""

from dataclasses import replace

import pytest

from funis.product import check_release, library_lot, library_product, library_products
from funis.product.release import Rule, release_rules

COMPLETE = library_lot("lot_complete")
PLACES = {"consent", "screening", "testing", "passage", "population_doublings"}


def with_value(name, value):
    """The complete lot with another value for one rule; None is not reported."""
    if name in ("consent", "screening", "testing"):
        return replace(COMPLETE, donation=replace(COMPLETE.donation, **{name: value}))
    if name == "passage":
        status = "not_reported" if value is None else "assumed"
        return replace(COMPLETE, passage=replace(COMPLETE.passage, value=value, status=status))
    if name == "population_doublings":
        return replace(COMPLETE, population_doublings=value)
    rest = tuple((key, old) for key, old in COMPLETE.results if key != name)
    lot = replace(COMPLETE, results=rest if value is None else (*rest, (name, value)))
    return replace(lot, unknown=("viability",)) if name == "viability_fraction" else lot


def wrong(rule):
    if rule.expected is not None:
        return False if rule.expected is True else next(w for w in rule.words if w != rule.expected)
    return rule.low - 0.5 if rule.low is not None else rule.high + 0.5


def just_right(rule):
    if rule.expected is not None:
        return rule.expected
    return rule.low if rule.low is not None else rule.high


@pytest.mark.parametrize("name", release_rules())
@pytest.mark.parametrize("case", ["pass", "fail", "not reported"])
def test_every_rule_passes_fails_and_is_not_reported(name, case):
    rule = release_rules()[name]
    value = {"pass": just_right(rule), "fail": wrong(rule), "not reported": None}[case]
    release = check_release(with_value(name, value))
    (result,) = (one for one in release.results if one.rule.id == name)
    assert result.verdict == case
    assert result.rule.source
    assert release.verdict == case


def test_the_rules_cover_markers_viability_sterility_karyotype_passage_and_identity():
    asked = {
        "CD73_percent", "CD90_percent", "CD105_percent", "CD45_percent", "CD34_percent",
        "CD14_or_CD11b_percent", "CD79a_or_CD19_percent", "HLA_DR_percent", "viability_fraction",
        "sterility", "mycoplasma", "endotoxin_eu_per_ml", "karyotype", "passage", "adherence",
        "differentiation_fat", "differentiation_bone", "differentiation_cartilage",
    }  # fmt: skip
    assert asked <= set(release_rules())


def test_positive_markers_are_at_least_95_and_negative_ones_at_most_2_percent():
    rules = release_rules()
    for name in ("CD73_percent", "CD90_percent", "CD105_percent"):
        assert (rules[name].low, rules[name].high) == (95, None)
    for name in ("CD45_percent", "CD34_percent", "HLA_DR_percent"):
        assert (rules[name].low, rules[name].high) == (None, 2)


@pytest.mark.parametrize("name", library_products())
def test_limits_of_products_are_those_of_the_rules(name):
    rules = release_rules()
    for criterion in library_product(name).release:
        rule = rules[criterion.id]
        assert (criterion.low, criterion.high) == (rule.low, rule.high)


def test_the_lots_of_the_library_pass_fail_and_are_not_reported():
    verdicts = {name: check_release(library_lot(f"lot_{name}")).verdict
                for name in ("complete", "failed", "incomplete")}  # fmt: skip
    assert verdicts == {"complete": "pass", "failed": "fail", "incomplete": "not reported"}


def test_the_reason_names_each_rule_that_failed_with_what_was_expected():
    assert check_release(library_lot("lot_failed")).reason == (
        "viability_fraction 0.62 (expected at least 0.7), mycoplasma positive (expected negative)"
    )


def test_a_limit_on_both_sides_is_said_in_words():
    rule = Rule("x", "x", "quality", "made up", unit="percent", low=1, high=2)
    assert rule.limit == "at least 1 and at most 2 percent"
    assert rule.judge(1.5) == "pass"
    assert rule.judge(2.5) == "fail"
