"""Randomisation and arrivals: exact ratios, balance within strata, prefixes, a closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.population import allocate, arrival_days, arrival_sites, randomise
from funis.population.randomise import DAYS_PER_MONTH, open_days

RATIOS = st.lists(st.integers(1, 3), min_size=1, max_size=4)


def test_equal_shares_without_strata_are_the_allocation_of_before() -> None:
    nobody = np.zeros(120, dtype=np.int64)
    before = allocate(5, 40, ("a", "b", "c"))
    assert np.array_equal(randomise(5, nobody, (1, 1, 1)), before)


@settings(max_examples=30, deadline=None)
@given(RATIOS, st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_every_whole_block_of_a_stratum_holds_the_ratio(
    ratio: list[int], multiple: int, strata: int, seed: int
) -> None:
    stratum = np.random.default_rng(seed).integers(0, strata, 90)
    block = sum(ratio) * multiple
    arm = randomise(seed, stratum, ratio, block=block)
    for one in range(strata):
        own = arm[stratum == one]
        for first in range(0, len(own) - block + 1, block):
            counts = np.bincount(own[first : first + block], minlength=len(ratio))
            assert counts.tolist() == [multiple * share for share in ratio]


@settings(max_examples=20, deadline=None)
@given(RATIOS, st.booleans(), st.integers(1, 60))
def test_a_larger_trial_begins_with_the_same_arms(
    ratio: list[int], complete: bool, size: int
) -> None:
    stratum = np.arange(80) % 3
    whole = randomise(1, stratum, ratio, complete=complete)
    assert np.array_equal(randomise(1, stratum[:size], ratio, complete=complete), whole[:size])


def test_independent_draws_have_the_ratio_on_average() -> None:
    arm = randomise(2, np.zeros(30_000, dtype=np.int64), (1, 2), complete=True)
    assert arm.mean() == pytest.approx(2 / 3, abs=4 * np.sqrt(2 / 9 / 30_000))


def test_a_block_that_cannot_hold_the_ratio_is_refused() -> None:
    with pytest.raises(ValueError, match="block of 4"):
        randomise(1, np.zeros(4, dtype=np.int64), (1, 2), block=4)


def test_patients_arrive_as_a_poisson_process_at_the_declared_rate() -> None:
    days = arrival_days(3, 20_000, 8.0, 12)
    gaps = np.diff(days, prepend=0.0)
    mean = DAYS_PER_MONTH / 8
    assert np.all(gaps > 0)
    assert gaps.mean() == pytest.approx(mean, rel=0.03)
    assert gaps.std() == pytest.approx(mean, rel=0.03)


def test_while_sites_open_the_expected_number_is_the_area_under_the_rate() -> None:
    # sites open evenly over 100 days: the expected number by day 100 is about half of the full one
    counts = [np.sum(arrival_days(seed, 400, 60.0, 5, 100.0) <= 100) for seed in range(200)]
    full = 60.0 / DAYS_PER_MONTH
    opened = open_days(5, 100.0)
    expected = full / 5 * float((100 - opened).sum())
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.sqrt(expected / 200))


def test_nobody_comes_to_a_site_before_it_opens() -> None:
    days = arrival_days(4, 500, 10.0, 6, 300.0)
    site = arrival_sites(4, days, 6, 300.0)
    assert np.all(days >= open_days(6, 300.0)[site])
    assert set(site.tolist()) == set(range(6))
