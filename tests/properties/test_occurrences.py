"""Laws of descriptors, events, counts and of conditions that are held, at any visits."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from funis.analysis.rates import rate_interval, rate_ratio, summarise_rate
from funis.models.endpoints import Component, VisitRows
from funis.models.visit_rows import remembered
from funis.trial.occur import counted, events, present, thresholds

N = 200
WHO, FIRST = np.arange(N), np.zeros(N, dtype=np.int64)
ITEM = Component(
    id="item", name="Item", unit="", observable="x", gain=1.0, scale="presence", low=0.0, high=50.0,
    noise_sd=0.0, shared_noise=0.0, expectation=0.0, inflation=0.0, reporter="assessor",
    rounding=1.0, latent_of=None, minimal_important_difference=None, status="assumed", source=None,
    where=None, note="made up", line=None,
)  # fmt: skip
SEEDS = st.integers(0, 2**31)
SHARES = st.floats(0, 1)
SIZES = st.floats(0, 30)


@given(SEEDS, SHARES, SHARES)
def test_a_larger_share_only_adds_descriptors(seed, one, other):
    low, high = sorted((one, other))
    still = np.zeros(N)
    own = thresholds([replace(ITEM, scale="presence")], seed, WHO, FIRST)["item"]
    few = present(np.full(N, low), still, own)
    assert np.all(few <= present(np.full(N, high), still, own))


@given(SEEDS, st.lists(SIZES, min_size=1, max_size=5))
def test_events_grow_with_intensity_whatever_visits_lie_between(seed, grid):
    found = [events(ITEM, np.full(N, x), seed, WHO, FIRST) for x in sorted(grid)]
    assert np.all(np.diff(found, axis=0) >= 0)
    assert np.max(found) <= ITEM.high
    alone = events(ITEM, np.full(N, max(grid)), seed, WHO, FIRST)
    assert np.array_equal(found[-1], alone)


@given(SEEDS, SIZES, SIZES, st.integers(-20160, 10**6))
def test_a_count_grows_with_its_mean_and_stays_in_range(seed, one, other, minute):
    low, high = sorted((one, other))
    few = counted(ITEM, np.full(N, low), seed, WHO, FIRST, minute)
    many = counted(ITEM, np.full(N, high), seed, WHO, FIRST, minute)
    assert np.all(few <= many)
    assert few.min() >= 0
    assert many.max() <= ITEM.high


@given(SEEDS, SIZES, st.lists(st.integers(0, N - 1), min_size=1, max_size=9, unique=True))
def test_neighbours_move_nobody(seed, size, rows):
    some = np.array(rows)
    mean = np.linspace(0, size, N)
    whole = events(ITEM, mean, seed, WHO, FIRST)
    assert np.array_equal(events(ITEM, mean[some], seed, some, FIRST[some]), whole[some])
    whole = counted(ITEM, mean, seed, WHO, FIRST, 7)
    assert np.array_equal(counted(ITEM, mean[some], seed, some, FIRST[some], 7), whole[some])


VISITS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 60), st.booleans()),
    max_size=25, unique_by=lambda visit: visit[:2],
)  # fmt: skip


def by_hand(visits, held, ever):
    """The definition, patient by patient and visit by visit."""
    found = {}
    for patient, week, _ in visits:
        own = sorted((w, h) for p, w, h in visits if p == patient and 0 < w <= week)
        counts = []
        for now, _ in own:
            earlier = [(w, h) for w, h in own if w <= now]
            counts.append(
                any(now - w >= held and all(h for v, h in earlier if v >= w) for w, _ in earlier)
            )
        here = bool(counts) and (any(counts) if ever else counts[-1])
        found[patient, week] = here and week > 0
    return [found[patient, week] for patient, week, _ in visits]


@given(VISITS, st.sampled_from([0.0, 3.0, 12.0, 24.0]), st.booleans())
def test_held_and_ever_are_what_they_say(visits, held, ever):
    patient, week, holds = ([one[place] for one in visits] for place in range(3))
    rows = VisitRows(np.array(patient, np.int64), np.array(week, np.float64))
    found = remembered(np.array(holds, bool), held, ever, rows)
    assert found.tolist() == by_hand(visits, held, ever)


@given(VISITS, st.sampled_from([0.0, 12.0]))
def test_what_was_met_once_stays_met_and_later_visits_change_no_earlier_one(visits, held):
    ordered = sorted(visits)
    patient, week, holds = (np.array([one[place] for one in ordered]) for place in range(3))
    rows = VisitRows(patient.astype(np.int64), week.astype(np.float64))
    whole = remembered(holds.astype(bool), held, True, rows)
    early = week <= 30
    cut = VisitRows(patient[early].astype(np.int64), week[early].astype(np.float64))
    assert np.array_equal(remembered(holds[early].astype(bool), held, True, cut), whole[early])
    for one in np.unique(patient):
        assert np.all(np.diff(whole[patient == one].astype(int)) >= 0)


TRIALS = st.lists(st.tuples(st.integers(0, 9), st.floats(0.05, 3)), min_size=2, max_size=30)


@given(TRIALS, TRIALS)
def test_a_ratio_turns_over_with_its_arms(one, other):
    arm, control = (
        summarise_rate(*(np.array([row[place] for row in rows], float) for place in range(2)))
        for rows in (one, other)
    )
    there, back = rate_ratio(arm, control)[0], rate_ratio(control, arm)[0]
    if arm.events and control.events:
        assert np.isclose(there.estimate * back.estimate, 1)
        assert np.isclose(there.low * back.high, 1)
        assert there.low <= there.estimate <= there.high
    interval = rate_interval(arm)
    assert interval.low <= interval.estimate <= interval.high
