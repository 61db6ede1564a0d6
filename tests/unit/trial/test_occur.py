"""Descriptors, events and counts: their laws of chance, and whose luck they are."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import pdtr
from scipy.stats import kstest

from funis.models.endpoints import Component
from funis.population import normal, uniform
from funis.trial.observe import Observers, observe
from funis.trial.occur import counted, events, present, thresholds

N = 20000
WHO, FIRST = np.arange(N), np.zeros(N, dtype=np.int64)
ITEM = Component(
    id="item", name="Item", unit="", observable="x", gain=1.0, scale="presence", low=0.0, high=1.0,
    noise_sd=0.0, shared_noise=0.0, expectation=0.0, inflation=0.0, reporter="assessor",
    rounding=1.0, latent_of=None, minimal_important_difference=None, status="assumed", source=None,
    where=None, note="made up", line=None,
)  # fmt: skip
EVENTS = replace(ITEM, id="events", scale="events", high=1000.0, rounding=None)
COUNT = replace(ITEM, id="count", scale="count", high=1000.0, rounding=None)


def close(found, wanted, sd, n=N, z=4.0):
    """Within z standard errors of a mean."""
    return abs(found - wanted) < z * sd / np.sqrt(n)


def there(share, shift=0.0, item=ITEM, seed=3):
    return present(np.full(N, share), np.full(N, shift), own(item, seed))


def own(item=ITEM, seed=3, attempt=FIRST):
    return thresholds([item], seed, WHO, attempt)[item.luck_of]


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.93])
def test_the_share_with_a_descriptor_is_the_observable(share):
    found = there(share)
    assert set(np.unique(found)) == {0.0, 1.0}
    assert close(found.mean(), share, np.sqrt(share * (1 - share)))


def test_shares_of_zero_and_one_are_certain_and_the_unknown_is_unknown():
    assert not there(0.0).any()
    assert there(1.0).all()
    assert not there(0.0, shift=9.0).any()
    assert np.isnan(there(np.nan)).all()


def test_a_milder_disease_only_takes_descriptors_away():
    mild, severe = there(0.2), there(0.4)
    assert np.all(mild <= severe)
    assert np.all(there(0.4, shift=-1.0) <= severe)
    assert np.all(there(0.4, shift=0.5) >= severe)


def test_a_threshold_is_the_component_s_own_or_that_of_its_latent():
    other = replace(ITEM, id="other")
    assert not np.array_equal(there(0.3), there(0.3, item=other))
    follower = replace(other, latent_of="item")
    assert np.array_equal(there(0.3), there(0.3, item=follower))
    drawn = uniform(3, "presence", WHO, "item", FIRST)
    assert np.array_equal(there(0.3), (drawn < 0.3).astype(float))
    several = thresholds([ITEM, other, follower], 3, WHO, FIRST)
    assert np.array_equal(several["item"], drawn)
    assert set(several) == {"item", "other"}


def test_the_next_candidate_for_a_place_has_luck_of_his_own():
    again = present(np.full(N, 0.3), np.zeros(N), own(attempt=FIRST + 1))
    assert abs(np.corrcoef(there(0.3), again)[0, 1]) < 0.03


@pytest.mark.parametrize("intensity", [0.1, 1.0, 6.0])
def test_events_are_poisson_in_their_intensity(intensity):
    found = events(EVENTS, np.full(N, intensity), 3, WHO, FIRST)
    assert close(found.mean(), intensity, np.sqrt(intensity))
    assert close(found.var(), intensity, np.sqrt(intensity + 2 * intensity**2))
    assert close((found == 0).mean(), np.exp(-intensity), 0.5)


def test_events_never_fall_and_stages_are_poisson_too():
    grid = [events(EVENTS, np.full(N, x), 3, WHO, FIRST) for x in (0.0, 0.5, 1.7, 4.0)]
    assert not grid[0].any()
    steps = np.diff(grid, axis=0)
    assert steps.min() >= 0
    for step, wanted in zip(steps, (0.5, 1.2, 2.3), strict=True):
        assert close(step.mean(), wanted, np.sqrt(wanted))
    assert abs(np.corrcoef(steps[0], steps[1])[0, 1]) < 0.03


def test_arrivals_are_those_of_the_patient_whoever_stands_beside_him():
    intensity = np.linspace(0, 5, N)
    whole = events(EVENTS, intensity, 3, WHO, FIRST)
    some = np.array([17, 4, 19999])
    assert np.array_equal(events(EVENTS, intensity[some], 3, some, FIRST[:3]), whole[some])


def test_events_end_at_the_most_that_is_recorded_and_the_unknown_is_unknown():
    few = replace(EVENTS, high=2.0)
    assert events(few, np.full(N, 50.0), 3, WHO, FIRST).max() == 2.0
    found = events(EVENTS, np.array([np.nan, 2.0]), 3, WHO[:2], FIRST[:2])
    assert np.isnan(found[0])
    assert found[1] >= 0


@pytest.mark.parametrize("mean", [0.2, 1.0, 8.0, 900.0])
def test_counts_are_poisson(mean):
    found = counted(replace(COUNT, high=5000.0), np.full(N, mean), 3, WHO, FIRST, 1440)
    assert np.array_equal(found, np.round(found))
    assert close(found.mean(), mean, np.sqrt(mean))
    assert close(found.var(), mean, np.sqrt(mean + 2 * mean**2))


def test_a_count_inverts_the_distribution_function():
    mean = np.linspace(0.01, 30, N)
    found = counted(COUNT, mean, 3, WHO, FIRST, 1440)
    luck = uniform(3, "count", WHO, 1440, "count", FIRST)
    assert np.all(pdtr(found, mean) >= luck)
    assert np.all((found == 0) | (pdtr(np.maximum(found - 1, 0), mean) < luck))


def test_counts_of_two_visits_are_independent_and_bounded():
    mean = np.full(N, 3.0)
    first, second = (counted(COUNT, mean, 3, WHO, FIRST, minute) for minute in (0, 10080))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert counted(replace(COUNT, high=4.0), mean * 9, 3, WHO, FIRST, 0).max() == 4.0
    assert not counted(COUNT, np.zeros(N), 3, WHO, FIRST, 0).any()
    assert np.isnan(counted(COUNT, np.array([np.nan]), 3, WHO[:1], FIRST[:1], 0)).all()


class Disease:
    """What `observe` looks at in a model."""

    def __init__(self, *components):
        self.endpoints = type("E", (), {"components": components, "structural": ()})


def seen(item, share, minute, *, entry=False, n=N):
    who = Observers(3, WHO[:n], FIRST[:n], np.full(n, 2.0), np.full(n, 1.5), np.full(n, 42.0))
    return observe(Disease(item), who, {"x": np.full(n, share)}, minute, entry=entry)[item.id]


def test_without_noise_a_descriptor_does_not_flicker():
    visits = [seen(ITEM, 0.4, week * 10080) for week in (4, 8, 30)]
    assert np.array_equal(visits[0], visits[1])
    assert np.array_equal(visits[0], visits[2])


def test_a_little_noise_makes_few_descriptors_flicker():
    noisy = replace(ITEM, noise_sd=0.1)
    changed = np.mean(seen(noisy, 0.4, 40320) != seen(noisy, 0.4, 80640))
    assert 0 < changed < 0.03


def test_the_layers_act_on_the_logit_of_the_share():
    item = replace(ITEM, expectation=0.3, inflation=0.4, noise_sd=0.5)
    minute, share = 84 * 1440, 0.35
    hope = 2.0 * (1 - np.exp(-84 / 42))
    noise = normal(3, "noise", WHO, minute, "item", FIRST)
    luck = uniform(3, "presence", WHO, "item", FIRST)
    logit = np.log(share / (1 - share)) - 0.3 * hope + 0.5 * noise
    wanted = logit > np.log(luck / (1 - luck))
    assert np.array_equal(seen(item, share, minute), wanted.astype(float))
    entry = seen(replace(ITEM, inflation=0.4), share, 0, entry=True)
    assert close(entry.mean(), 1 / (1 + np.exp(-(np.log(share / (1 - share)) + 0.6))), 0.5)


def test_the_gain_is_part_of_the_truth():
    assert close(seen(replace(EVENTS, gain=2.0), 1.5, 0).mean(), 3.0, np.sqrt(3))
    assert close(seen(replace(COUNT, gain=2.0), 1.5, 0).mean(), 3.0, np.sqrt(3))
    assert close(seen(replace(ITEM, gain=0.5), 0.6, 0).mean(), 0.3, 0.5)


def test_the_first_arrival_is_exponential():
    grid = np.linspace(0.02, 6, 300)
    hit = np.stack(
        [events(EVENTS, np.full(2000, x), 5, WHO[:2000], FIRST[:2000]) > 0 for x in grid]
    )
    first = grid[np.minimum(np.argmax(hit, axis=0), len(grid) - 1)]
    assert kstest(first[hit[-1]] - 0.01, "expon").pvalue > 0.001
