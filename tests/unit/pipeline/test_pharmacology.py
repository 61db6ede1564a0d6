import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from funis.analysis.results import Contrast, Estimate, Results
from funis.models.endpoints import load_endpoints
from funis.pipeline.pharmacology import DrugEffect, drug_effects, gate_row, judge, measure_text
from funis.protocol import EndpointRequest
from funis.report.content import Interval

SIGN = "direction_only"
RATIO = {"scale": "odds_ratio", "low": 2.6, "high": 6.1}
RATE = {"scale": "rate_ratio", "better": "lower", "effect": 0.55, "low": 0.4, "high": 0.7}
POINT = {"low": None, "high": None}
ASKED = EndpointRequest("ACR20", 24.0, "responder", "exploratory")
HARD = DrugEffect(
    "anti_tnf", "study", ASKED, "risk_difference_pp", "hard", "benefit", "higher", 0.5, 0.4, 0.6, ""
)


def test_published_effects_are_found_for_each_drug(ra, evidence):
    found = drug_effects(evidence, ra, ["anti_tnf", "anti_il6r"], (0.0, 12.0, 24.0))
    rows = {(effect.drug, effect.study): effect for effect in found}
    armada = rows["anti_tnf", "armada_ra"]
    assert (armada.effect, armada.low, armada.high) == pytest.approx((0.527, 0.384, 0.67))
    group = rows["anti_tnf", "mbma_das28_ra"]
    assert (group.effect, group.low, group.high) == (None, -1.3, -0.87)
    assert group.sign == -1.0
    assert {effect.drug for effect in found} == {"anti_tnf", "anti_il6r"}


def test_a_drug_with_an_effect_of_its_own_in_a_mixture_is_held_to_that(ra, evidence):
    found = drug_effects(evidence, ra, ["anti_il6r"], (24.0,))
    own = next(effect for effect in found if effect.study == "mbma_das28_ra")
    assert (own.effect, own.low, own.high) == (-1.99, None, None)


def test_a_week_without_a_visit_near_it_is_left_out(ra, evidence):
    assert drug_effects(evidence, ra, ["anti_tnf"], (0.0, 12.0)) == ()
    near = drug_effects(evidence, ra, ["ctla4_ig"], (24.0,))
    attain = next(effect for effect in near if effect.study == "attain_ra")
    assert (attain.request.week, attain.note) == (24.0, "published at week 26")


def changed(**values):
    return dataclasses.replace(HARD, **values)


NOT_PRINTED = {"low": None, "high": None}
UNKNOWN = Interval(None, None, None)


@pytest.mark.parametrize(
    ("effect", "simulated", "verdict"),
    [
        (HARD, (0.45, 0.35, 0.55), "passed"),
        (HARD, (0.39, 0.3, 0.5), "size"),
        (HARD, (0.7, 0.5, 0.8), "size"),
        (HARD, (-0.45, -0.6, 0.5), "failed"),
        (changed(tier="soft"), (0.1, 0.0, 0.2), "passed"),
        (changed(tier="soft"), (-0.1, -0.2, 0.0), "failed"),
        (changed(tier="context"), (-0.1, -0.2, 0.0), "guide"),
        (changed(tier=SIGN), (0.01, -0.1, 0.1), "passed"),
        (changed(tier=SIGN), (-0.01, -0.1, 0.1), "failed"),
        (changed(**NOT_PRINTED), (0.26, 0.1, 0.3), "passed"),
        (changed(**NOT_PRINTED), (0.24, 0.1, 0.3), "size"),
        (changed(direction="none", low=-0.1, high=0.2), (0.1, 0.05, 0.15), "passed"),
        (changed(direction="none", low=-0.1, high=0.2), (0.3, -0.2, 0.8), "failed"),
        (changed(direction="none", tier=SIGN, **NOT_PRINTED), (0.1, -0.1, 0.3), "passed"),
        (changed(direction="none", tier=SIGN, **NOT_PRINTED), (0.2, 0.1, 0.3), "failed"),
        (changed(direction="harm", tier=SIGN), (-0.2, -0.3, 0.0), "passed"),
        (changed(direction="harm", tier=SIGN), (0.2, 0.1, 0.3), "failed"),
        (changed(**RATIO), (3.0, 2.0, 5.0), "passed"),
        (changed(**RATIO), (6.3, 4.0, 8.0), "size"),
        (changed(**RATIO), (0.9, 0.5, 3.0), "failed"),
        (changed(**RATE), (0.5, 0.4, 0.6), "passed"),
        (changed(**RATE), (0.9, 0.75, 0.99), "size"),
        (changed(**RATE), (1.2, 0.5, 2.0), "failed"),
        (changed(**RATE | POINT), (0.7, 0.5, 0.9), "passed"),
        (changed(**RATE | POINT), (0.9, 0.8, 0.99), "size"),
        (changed(**RATE, tier=SIGN), (0.99, 0.5, 1.9), "passed"),
        (changed(**RATE | NOT_PRINTED | {"scale": "hazard_ratio", "direction": "none"}, tier=SIGN),
         (0.8, 0.5, 1.2), "passed"),
        (changed(**RATE | NOT_PRINTED | {"scale": "hazard_ratio", "direction": "none"}, tier=SIGN),
         (0.8, 0.7, 0.9), "failed"),
        (changed(scale="percent_difference", effect=59, low=6, high=112), (20, 4, 40), "passed"),
        (changed(scale="percent_difference", effect=59, low=6, high=112), (-2, -9, 4), "failed"),
        (HARD, (None, None, None), ""),
    ],
)  # fmt: skip
def test_direction_and_size_are_judged_by_tier(effect, simulated, verdict):
    assert judge(effect, Interval(*simulated), UNKNOWN) == verdict


def test_no_effect_without_a_printed_interval_is_judged_at_the_published_size():
    none = changed(direction="none", tier=SIGN, **NOT_PRINTED)
    small, wide = Interval(0.02, 0.01, 0.03), Interval(0.02, -0.1, 0.14)
    assert judge(none, small, UNKNOWN) == "failed"
    assert judge(none, small, wide) == "passed"


def test_a_lower_effect_is_a_benefit_where_lower_is_better():
    lower = dataclasses.replace(
        HARD, scale="mean_difference", better="lower", effect=None, low=-1.3, high=-0.87
    )
    assert judge(lower, Interval(-1.0, -1.2, -0.8), UNKNOWN) == "passed"
    assert judge(lower, Interval(-0.5, -0.7, -0.3), UNKNOWN) == "size"
    assert judge(lower, Interval(0.5, 0.3, 0.7), UNKNOWN) == "failed"


def test_the_interval_of_the_published_size_is_that_of_a_smaller_trial(done, ra):
    effect = changed(request=dataclasses.replace(ASKED, week=12.0), sizes=(15, 15))
    row = gate_row(effect, done.results, "msc", "placebo", ra)
    ratio = (done.results.n["msc"] / 15) ** 0.5
    for side in ("low", "high"):
        narrow = getattr(row.simulated, side) - row.simulated.estimate
        assert getattr(row.at_size, side) - row.simulated.estimate == pytest.approx(ratio * narrow)
    assert gate_row(
        changed(request=effect.request), done.results, "msc", "placebo", ra
    ).at_size == (UNKNOWN)


def test_an_effect_against_another_drug_is_taken_between_the_two_arms(done, ra):
    effect = changed(request=dataclasses.replace(ASKED, week=12.0), compared_with="msc")
    row = gate_row(effect, done.results, "placebo", "placebo", ra)
    contrast = done.results.contrast("msc", "ACR20@12")
    assert row.simulated.estimate == pytest.approx(-contrast.estimate)


def test_a_row_holds_the_simulated_effect_of_the_arm(done, ra):
    effect = changed(request=dataclasses.replace(ASKED, week=12.0))
    row = gate_row(effect, done.results, "msc", "placebo", ra)
    contrast = done.results.contrast("msc", "ACR20@12")
    assert row.simulated.estimate == contrast.estimate
    assert (row.published.estimate, row.percent) == (0.5, True)
    assert row.measure == "ACR20, week 12, difference in proportions"
    odds = dataclasses.replace(effect, scale="odds_ratio")
    ratio = gate_row(odds, done.results, "msc", "placebo", ra)
    first, second = (done.results.estimate(arm, "ACR20@12") for arm in ("msc", "placebo"))
    odds_of = [
        (one.estimate * one.n + 0.5) / ((1 - one.estimate) * one.n + 0.5) for one in (first, second)
    ]
    expected = odds_of[0] / odds_of[1]
    assert ratio.simulated.estimate == pytest.approx(expected)
    assert not ratio.percent


def test_a_measure_is_told_in_words(ra):
    change = dataclasses.replace(
        HARD, request=EndpointRequest("DAS28_ESR", 24.0, "change", "exploratory"),
        scale="mean_difference",
    )  # fmt: skip
    assert measure_text(change, ra.endpoints) == "DAS28-ESR change, week 24, difference in means"


def results(one, other, measure="proportion", key="WORSE@24", n=100):
    rows = [
        Estimate(arm, key, 24.0, measure, n, *values, "", "")
        for arm, values in (("drug", one), ("placebo", other))
    ]
    return Results(tuple(rows), (), (), ())


def simulated(effect, found, ra):
    return gate_row(effect, found, "drug", "placebo", ra)


def test_a_hazard_ratio_comes_from_two_proportions(ra):
    effect = changed(
        scale="hazard_ratio", request=EndpointRequest("WORSE", 24.0, "responder", "exploratory")
    )
    row = simulated(effect, results((0.2, 0, 1), (0.4, 0, 1), n=100000), ra)
    assert row.simulated.estimate == pytest.approx(math.log(0.8) / math.log(0.6), rel=1e-3)
    assert (row.null, row.measure) == (1.0, "WORSE, week 24, hazard ratio")
    rng = np.random.default_rng(1)
    shares = rng.binomial(200, [[0.2], [0.4]], (2, 4000)) / 200
    logs = np.log(np.log1p(-shares[0]) / np.log1p(-shares[1]))
    row = simulated(effect, results((0.2, 0, 1), (0.4, 0, 1), n=200), ra)
    width = math.log(row.simulated.high / row.simulated.low) / (2 * 1.96)
    assert width == pytest.approx(logs.std(), rel=0.05)
    nobody = simulated(effect, results((0.0, 0, 1), (0.4, 0, 1)), ra).simulated
    assert 0 < nobody.low < nobody.high < 1
    assert simulated(effect, results((math.nan,) * 3, (0.4, 0, 1)), ra).simulated == Interval(
        None, None, None
    )


def test_a_difference_in_percent_is_that_of_two_means(ra):
    effect = changed(
        scale="percent_difference", request=EndpointRequest("crp", 24.0, "value", "exploratory")
    )
    found = results((0.378, 0.34, 0.416), (0.238, 0.2, 0.276), "mean", "crp@24")
    row = simulated(effect, found, ra).simulated
    assert row.estimate == pytest.approx(100 * (0.378 / 0.238 - 1))
    half = math.hypot(0.038 / 0.378, 0.038 / 0.238)
    assert math.log((1 + row.high / 100) / (1 + row.low / 100)) == pytest.approx(2 * half)
    below = results((-1.0, -2, 0), (0.238, 0.2, 0.276), "mean", "crp@24")
    assert simulated(effect, below, ra).simulated == Interval(None, None, None)


def test_a_rate_ratio_is_the_contrast_of_two_rates(ra):
    asked = EndpointRequest("tjc68", 24.0, "rate", "exploratory")
    effect = changed(**RATE, request=asked)
    one = Contrast("drug", "placebo", asked.key, 24.0, "rate_ratio", 0.5, 0.4, 0.6, 9, 9, "", None)
    row = simulated(effect, Results((), (one,), (), ()), ra)
    assert (row.simulated, row.verdict) == (Interval(0.5, 0.4, 0.6), "passed")
    assert (row.measure, row.null, row.percent) == ("tjc68, week 24, rate ratio", 1.0, False)


def test_gate_rows_keep_ratios_and_percentages_as_they_are(tmp_path):
    from pathlib import Path

    from funis.analysis import pharmacology

    points = load_endpoints(Path(__file__).parents[2] / "ninth" / "sparks" / "endpoints.yaml")
    for scale, measure in (
        ("rate_ratio", "rate"),
        ("percent_difference", "value"),
        ("hazard_ratio", "responder"),
    ):
        gate = SimpleNamespace(
            scale=scale, endpoint="spark_rate", week=96, arm=None, reference=None, effect=0.5,
            ci95=(0.4, 0.6), effect_range=None,
        )  # fmt: skip
        row = pharmacology._row(gate, SimpleNamespace(outcomes=()), points)
        assert (row.endpoint, row.measure) == ("sparks", measure)
        assert (row.effect, row.low, row.high) == (0.5, 0.4, 0.6)
