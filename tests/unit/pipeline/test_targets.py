import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from funis.analysis.results import Estimate, Results
from funis.models.endpoints import load_endpoints
from funis.pipeline.targets import inside, simulated, target_rows, targets
from funis.report.content import Interval
from funis.trial import TrialData

WEEKS = (0.0, 12.0, 24.0)


@pytest.fixture
def found(ra, evidence):
    return {target.row.id: target for target in targets(evidence, ra.endpoints, WEEKS)}


def test_the_targets_of_the_evidence_are_found_in_our_units(found):
    acr20 = found["acr20_meta88"]
    assert (acr20.estimate, acr20.low, acr20.high) == pytest.approx((0.29, 0.272, 0.309))
    assert acr20.limits == pytest.approx((0.10, 0.462))
    pain = found["pain_placebo"]
    assert (pain.estimate, pain.limits) == (-14.0, (-16.0, -12.0))
    crp = found["vollert2020_crp_wk12"]
    assert crp.estimate == pytest.approx(-5.1)  # mg/dL in the source, mg/L here
    assert crp.geometric
    assert not pain.geometric


def test_a_pooled_table_gives_the_estimate(found):
    assert found["acr50_wk24_mtx_ir_table"].estimate == pytest.approx(0.11)
    assert math.isnan(found["acr50_wk24_mtx_ir_table"].low)


def test_a_trial_without_the_week_has_no_target(ra, evidence):
    assert targets(evidence, ra.endpoints, (0.0, 4.0)) == ()


def test_a_simulated_interval_is_held_against_the_range_between_trials(found):
    acr20 = found["acr20_meta88"]
    assert inside(acr20, Interval(0.4, 0.35, 0.45))
    assert not inside(acr20, Interval(0.55, 0.5, 0.6))
    assert not inside(acr20, Interval(None, None, None))
    pain = found["pain_placebo"]
    assert inside(pain, Interval(-11.0, -12.5, -9.5))
    assert not inside(pain, Interval(-9.0, -10.0, -8.0))


def test_the_change_of_a_geometric_mean_is_that_of_the_exponentials(found, ra, done):
    values = {0.0: [10.0, 20.0, 40.0], 12.0: [5.0, 10.0, 20.0]}
    rows = [
        {"subject": subject, "arm": "placebo", "week": week, "component": "crp", "value": value}
        for week, column in values.items()
        for subject, value in enumerate(column)
    ]
    data = TrialData(
        done.data.subjects, done.data.doses, pl.DataFrame(rows), done.data.adverse_events
    )
    crp = found["vollert2020_crp_wk12"]
    interval = simulated(crp, done.results, data, ra.endpoints, "placebo")
    assert interval.estimate == pytest.approx(10.0 - 20.0)
    assert interval.low < interval.estimate < interval.high
    nobody = simulated(crp, done.results, data, ra.endpoints, "msc")
    assert nobody == Interval(None, None, None)


def test_rows_of_a_report_hold_both_numbers(found, ra, done):
    chosen = [found["acr20_meta88"], found["pain_placebo"]]
    rows = target_rows(chosen, done.results, done.data, ra.endpoints, "placebo")
    assert [row.name for row in rows] == [
        "ACR20 at week 12",
        "Patient's assessment of pain, change at week 12",
    ]
    assert [row.unit for row in rows] == ["", "mm"]
    assert rows[0].percent
    assert not rows[1].percent
    assert rows[0].simulated.estimate == done.results.estimate("placebo", "ACR20@12").estimate
    assert "88 trials, n = 8,406" in rows[0].basis
    assert "between trials 10% to 46.2%" in rows[0].basis


def test_what_too_few_patients_can_judge_is_left_out(found, ra, done):
    crp = [found["vollert2020_crp_wk12"]]
    assert len(target_rows(crp, done.results, done.data, ra.endpoints, "msc")) == 1
    empty = dataclasses.replace(done.data, observations=done.data.observations.head(0))
    assert target_rows(crp, done.results, empty, ra.endpoints, "msc") == ()


def test_targets_keep_the_factor_of_units(found):
    crp = found["vollert2020_crp_wk12"]
    assert np.isclose(crp.factor, 10.0)
    assert dataclasses.replace(crp, spread_low=math.nan).limits == (crp.low, crp.high)


def test_a_rate_is_the_mean_of_its_row_and_bears_its_unit(found):
    points = load_endpoints(Path(__file__).parents[2] / "ninth" / "sparks" / "endpoints.yaml")
    row = dataclasses.replace(
        found["pain_placebo"].row, endpoint="spark_rate", week=16.0, mean=0.6, ci95=(0.5, 0.7),
        extra=(),
    )  # fmt: skip
    (target,) = targets(SimpleNamespace(targets=(row,)), points, (0.0, 16.0))
    assert (target.request.key, target.request.measure) == ("sparks_rate@16", "rate")
    assert (target.estimate, target.limits) == (0.6, (0.5, 0.7))
    estimate = Estimate("placebo", "sparks_rate@16", 16.0, "rate", 99, 0.8, 0.65, 0.95, "", "")
    results = Results((estimate,), (), (), ())
    (shown,) = target_rows([target], results, None, points, "placebo")
    assert (shown.name, shown.unit) == ("Sparks, rate at week 16", "sparks per patient-year")
    assert (shown.percent, shown.inside) == (False, True)


def test_a_row_is_shown_where_its_population_is():
    from funis.pipeline.targets import judged_here

    named = [None, "sle_nephritis", None]
    assert judged_here(named, "sle_nephritis") == [False, True, False]
    assert judged_here(named, "sle_demo") == [True, False, True]
    assert judged_here(named, "my_own") == [True, False, True]
