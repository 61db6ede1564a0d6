"""Published arms beside simulated arms: labels, weeks, what is skipped and why."""

import math
from collections import Counter

import pytest

from funis.analysis import (
    Results,
    comparison,
    comparison_requests,
    estimate,
    mean_interval,
    pharmacology_rows,
    published_results,
    wilson,
)
from funis.analysis.intervals import MeanSummary
from funis.evidence import Evidence, load_evidence
from funis.models.endpoints import Endpoints
from funis.protocol import EndpointRequest

from .conftest import protocol, two_arms


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load_evidence("ra")


@pytest.fixture(scope="module")
def results(ra: Endpoints) -> Results:
    data = two_arms({"active": 20, "placebo": 12}, {"active": 40, "placebo": 40})
    pain = EndpointRequest("pain_vas", 12.0, "change", "secondary")
    return estimate(protocol(pain), data, ra)


def test_nothing_is_dropped(evidence: Evidence, ra: Endpoints) -> None:
    rows, skipped = published_results(evidence, ra)
    found = Counter(row.study for row in rows if row.group != "placebo and standard care")
    found.update(item.study for item in skipped)
    for study in (*evidence.studies, *evidence.pharmacology):
        assert found[study.id] == len(study.outcomes)
    assert all(item.reason for item in skipped)
    named = {row.study.split(":")[0] for row in rows} | {item.study for item in skipped}
    assert {row.id for row in evidence.natural if row.section == "placebo_response"} <= named


def test_single_arm_and_randomised_results_are_labelled_and_apart(
    evidence: Evidence, ra: Endpoints
) -> None:
    rows, _ = published_results(evidence, ra)
    cells = [row for row in rows if row.group == "stromal cells"]
    labels = [row.evidence_type for row in cells]
    order = ["randomised", "non-randomised controlled", "single-arm", "meta-analysis", "other"]
    assert labels == sorted(labels, key=order.index)
    assert {row.study for row in cells if row.evidence_type == "single-arm"} >= {"liang2012_ra"}
    assert all(row.randomised == (row.evidence_type == "randomised") for row in rows)


def test_he2020_says_what_is_not_known(evidence: Evidence, ra: Endpoints) -> None:
    rows, _ = published_results(evidence, ra)
    he = [row for row in rows if row.study == "he2020_ra"]
    assert len(he) == 48
    for row in he:
        assert (row.dose, row.route, row.schedule, row.blinding) == ("unknown",) * 4
        text = " ".join(row.notes)
        assert "dose, route, schedule of the cells not stated" in text
        assert "without placebo" in text
        assert "completers only" in text
    acr20 = next(r for r in he if (r.endpoint, r.arm, r.week) == ("ACR20", "msc", 12.0))
    interval = wilson(16, 30)
    assert (acr20.estimate, acr20.low, acr20.high) == (
        interval.estimate,
        interval.low,
        interval.high,
    )
    change = next(r for r in he if (r.endpoint, r.arm, r.week) == ("DAS28_ESR", "msc", 12.0))
    expected = mean_interval(MeanSummary(30, -1.05, 0.95))
    assert (change.low, change.high) == (expected.low, expected.high)


def test_kafaja_shows_dose_and_subgroup(evidence: Evidence, ra: Endpoints) -> None:
    rows, _ = published_results(evidence, ra)
    kafaja = {(r.arm, r.endpoint, r.subgroup): r for r in rows if r.study == "kafaja2017_ra"}
    whole = kafaja["mpc_1M", "ACR20", None]
    assert (whole.dose, whole.route, whole.infusions) == ("1e+06 cells/kg", "iv", 1)
    assert whole.schedule == "day 0"
    assert whole.estimate == 0.47
    assert math.isnan(whole.low)
    assert whole.interval == "none: no count is stated"
    assert kafaja["placebo", "ACR20", None].dose == "no cells"
    assert kafaja["mpc_2M", "ACR50", "1-2 prior biologics"].estimate == 6 / 11


def test_units_are_ours(evidence: Evidence, ra: Endpoints) -> None:
    rows, _ = published_results(evidence, ra)
    crp = next(row for row in rows if row.study.startswith("vollert2020_crp_wk12"))
    assert (crp.endpoint, crp.measure) == ("crp", "change")
    assert (crp.estimate, crp.low, crp.high) == pytest.approx((-5.1, -5.6, -4.7))  # mg/L
    assert crp.target
    acr20 = next(row for row in rows if row.study.startswith("acr20_meta88"))
    assert (acr20.estimate, acr20.low, acr20.high) == pytest.approx((0.29, 0.272, 0.309))
    assert "between trials 10 to 46.2 %" in acr20.notes


def test_simulated_arms_stand_at_the_nearest_visit(
    evidence: Evidence, ra: Endpoints, results: Results
) -> None:
    beside = comparison(results, evidence, ra)
    by_week = {
        (row.published.study, row.published.arm, row.published.endpoint, row.published.week): row
        for row in beside.rows
    }
    same = by_week["he2020_ra", "msc", "ACR20", 12.0]
    assert [item.arm for item in same.simulated] == ["placebo", "active"]
    assert [item.estimate for item in same.simulated] == [12 / 40, 20 / 40]
    assert (same.week, same.same_week) == (12.0, True)
    near = by_week["he2020_ra", "msc", "ACR20", 48.0]
    assert (near.week, near.same_week) == (12.0, False)
    none = by_week["he2020_ra", "msc", "haq", 12.0]
    assert (none.simulated, none.week, none.same_week) == ((), None, False)


def test_placebo_corrected_effects_stand_beside_contrasts(
    evidence: Evidence, ra: Endpoints
) -> None:
    rows, _ = published_results(evidence, ra)
    pooled = [row for row in rows if row.study == "mbma_das28_ra"]
    assert [(row.arm, row.contrast) for row in pooled] == [
        ("all_except_tocilizumab", True),
        ("tocilizumab", True),
    ]
    assert (pooled[0].low, pooled[0].high) == (-1.3, -0.87)
    assert pooled[0].evidence_type == "meta-analysis"


def test_requests_cover_every_published_row(evidence: Evidence, ra: Endpoints) -> None:
    weeks = (0.0, 4.0, 12.0, 24.0, 52.0)
    requests = comparison_requests(evidence, ra, weeks)
    assert len(set(requests)) == len(requests)
    assert {request.week for request in requests} <= set(weeks) - {0.0}
    data = two_arms({"active": 2, "placebo": 1}, {"active": 4, "placebo": 4})
    found = estimate(protocol(), data, ra, requests=requests)
    assert all(row.simulated for row in comparison(found, evidence, ra).rows)
    assert comparison_requests(evidence, ra, ()) == ()


def test_pharmacology_rows_are_in_our_units(evidence: Evidence, ra: Endpoints) -> None:
    rows = {row.gate.study: row for row in pharmacology_rows(evidence, ra)}
    assert len(rows) == 10
    beam = rows["rabeam_ra"]
    assert (beam.endpoint, beam.measure, beam.gate.mechanism) == (
        "ACR20",
        "responder",
        "JAK inhibitor",
    )
    assert (beam.effect, beam.low, beam.high) == pytest.approx((0.30, 0.24, 0.36))
    assert (beam.arm_value, beam.reference_value) == (341 / 487, 195 / 488)
    pooled = rows["mbma_das28_ra"]
    assert (pooled.effect, pooled.low, pooled.high) == (None, -1.3, -0.87)
    assert (pooled.endpoint, pooled.measure) == ("DAS28_ESR", "change")
    assert (rows["serene_ra"].arm_value, rows["serene_ra"].reference_value) == (-1.69, -0.75)
