"""Adverse events as a pure function of keys: the same luck in every arm."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.safety import dose_limiting, draw_events, follows, true_rates
from funis.safety.events import CELLS, NOTHING, PROCEDURE

MANY = np.arange(6000)


def likely(safety, seed=1):
    """Return rates under which most things happen to some patients."""
    rates = true_rates(safety, seed)
    after = {
        key: replace(one, control=0.2 if one.control else 0.0, cells=0.5)
        for key, one in rates.after.items()
    }
    over_time = {key: replace(one, control=0.8, cells=0.8) for key, one in rates.over_time.items()}
    return replace(rates, after=after, over_time=over_time)


def test_events_follow_as_often_as_their_hazard_says(safety, administer):
    found = follows(safety, likely(safety), 3, administer(MANY), "fever")
    error = 3 * math.sqrt(0.25 / len(MANY))
    assert np.mean(found == PROCEDURE) == pytest.approx(1 - math.exp(-0.2), abs=error)
    assert np.mean(found != NOTHING) == pytest.approx(1 - math.exp(-0.5), abs=error)


def test_what_a_mock_infusion_causes_the_cells_cause_as_well(safety, administer):
    rates = likely(safety)
    mock = follows(safety, rates, 3, administer(MANY, cells=0), "fever")
    real = follows(safety, rates, 3, administer(MANY), "fever")
    assert set(mock) == {NOTHING, PROCEDURE}
    assert np.all(real[mock == PROCEDURE] == PROCEDURE)
    assert set(real[mock == NOTHING]) == {NOTHING, CELLS}


@settings(max_examples=15)
@given(st.permutations(range(8)), st.integers(0, 2**31))
def test_neither_order_nor_neighbours_change_a_patients_events(safety, administer, order, seed):
    rates, whole = likely(safety), administer(range(8), days=(0, 28))
    rows = np.array([2 * p + k for p in order for k in (0, 1)])[:10]
    for term in ("fever", "donor_specific_antibody", "thromboembolism"):
        alone = follows(safety, rates, seed, whole.rows(rows), term)
        assert np.array_equal(alone, follows(safety, rates, seed, whole, term)[rows])


def test_a_term_that_follows_no_such_route_does_not_come(safety, administer):
    assert not follows(safety, likely(safety), 3, administer(MANY), "arachnoiditis").any()
    assert follows(safety, likely(safety), 3, administer(MANY, route="it"), "arachnoiditis").any()


def test_antibodies_against_the_donor_need_a_donor_and_come_once(safety, administer):
    rates, term = likely(safety), "donor_specific_antibody"
    assert not follows(safety, rates, 3, administer(MANY, allogeneic=False), term).any()
    found = follows(safety, rates, 3, administer(MANY, days=(0, 28, 56)), term).reshape(-1, 3)
    assert found[:, 0].any()
    assert not found[:, 1:].any()


def test_a_modifier_that_is_on_changes_the_share_of_the_cells_alone(safety, administer):
    heavy = replace(safety.modifiers["dose"], factor=3.0)
    changed = replace(safety, modifiers={**safety.modifiers, "dose": heavy})
    rates, dose = likely(safety), administer(MANY, cells=7e8)
    before, after = (follows(one, rates, 3, dose, "fever") for one in (safety, changed))
    assert np.array_equal(before == PROCEDURE, after == PROCEDURE)
    assert np.mean(after != NOTHING) == pytest.approx(1 - math.exp(-(0.2 + 3 * 0.3)), abs=0.02)
    unable = replace(safety.modifiers["renal_disease"], factor=2.0)
    blind = replace(safety, modifiers={"renal_disease": unable})
    with pytest.raises(ValueError, match="no input in a protocol"):
        follows(blind, rates, 3, dose, "thromboembolism")


def drawn(safety, administer, exposed, **changes):
    given_ = administer(range(400), days=(0, 28), **changes)
    return draw_events(safety, likely(safety), 3, given_, exposed(range(400)))


def test_nothing_is_recorded_after_a_patient_left_or_died(safety, administer, exposed):
    found = drawn(safety, administer, exposed)
    assert found["day"].max() < 365.25
    fatal = found["grade"] == 5
    died = dict(zip(found["subject"][fatal], found["day"][fatal], strict=True))
    assert died
    for subject, day in died.items():
        assert found["day"][found["subject"] == subject].max() == day
    deaths = found["subject"][found["term"] == "death"]
    assert len(set(deaths)) == len(deaths)


def test_events_are_sorted_and_say_what_they_follow(safety, administer, exposed):
    found = drawn(safety, administer, exposed)
    assert np.all(np.diff(found["subject"]) >= 0)
    background = found["source_kind"] == "background"
    assert np.array_equal(background, found["dose"] == 0)
    assert np.array_equal(background, found["route"] == "")
    assert np.array_equal(found["related"], ~background)
    assert np.all(found["end_day"] >= found["day"])


def test_grades_have_the_shares_of_the_library_and_grave_ones_alone_are_serious(
    safety, administer, exposed
):
    found = drawn(safety, administer, exposed)
    headache = found["grade"][found["term"] == "headache"]
    assert np.mean(headache == 1) == pytest.approx(0.95, abs=0.05)
    assert not np.any(found["serious"] & (found["grade"] < 3))
    assert np.all(found["serious"][found["grade"] == 5])
    infections = found["term"] == "serious_infection"
    assert np.all(found["serious"][infections])


def test_background_comes_at_its_rate_and_alike_without_cells(safety, exposed, administer):
    rates, nobody = likely(safety), administer([])
    one, other = (
        draw_events(safety, rates, 3, nobody, exposed(range(3000), cells=cells))
        for cells in (True, False)
    )
    assert all(np.array_equal(one[name], other[name]) for name in one)
    infections = np.sum(one["term"] == "infection")
    years = 3000 * (1 - math.exp(-0.8)) / 0.8  # until death, at the same rate of 0.8 a year
    assert infections == pytest.approx(0.8 * years, rel=0.06)


def test_a_dose_limiting_toxicity_is_grave_related_and_soon(safety):
    events = {
        "grade": np.array([3, 2, 4, 3]),
        "related": np.array([True, True, False, True]),
        "since_dose": np.array([1.0, 1.0, 1.0, 40.0]),
    }
    assert dose_limiting(safety, events).tolist() == [True, False, False, False]
