"""A keyed number depends on its key alone: not on shape, order, chunk or neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.population import streams
from funis.population.fluctuation import fluctuation

KINDS = [streams.uniform, streams.normal, streams.exponential]
seeds = st.integers(-(2**63), 2**63)
patients = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40)
minutes = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=12)
names = st.lists(st.text(max_size=12), min_size=1, max_size=5)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(seed=seeds, patient=patients, minute=minutes, name=names)
def test_any_shape_gives_the_number_of_its_key(kind, seed, patient, minute, name):
    table = kind(
        seed,
        "noise",
        np.array(patient)[:, None, None],
        np.array(minute)[None, :, None],
        np.array(name)[None, None, :],
    )
    assert table.shape == (len(patient), len(minute), len(name))
    for place in [(0, 0, 0), (-1, -1, -1), (len(patient) // 2, len(minute) // 2, len(name) // 2)]:
        alone = kind(seed, "noise", patient[place[0]], minute[place[1]], name[place[2]])
        assert alone.tobytes() == table[place].tobytes()


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds, patient=patients, order=st.randoms(use_true_random=False), cut=st.integers(0, 40)
)
def test_order_and_chunks_do_not_matter(seed, patient, order, cut):
    whole = streams.normal(seed, "noise", np.array(patient), 7)
    shuffled = list(range(len(patient)))
    order.shuffle(shuffled)
    mixed = streams.normal(seed, "noise", np.array(patient)[shuffled], 7)
    assert np.array_equal(mixed, whole[shuffled])
    ids = np.array(patient, dtype=np.int64)
    pieces = [streams.normal(seed, "noise", part, 7) for part in (ids[:cut], ids[cut:])]
    assert np.array_equal(np.concatenate(pieces), whole)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, size=st.integers(1, 300), memory=st.sampled_from(["C", "F"]))
def test_internal_chunks_and_memory_layout_do_not_matter(seed, size, memory):
    keys = np.arange(size * 70).reshape(size, 70)
    table = streams.uniform(seed, "x", np.asarray(keys, order=memory))
    assert table[size // 2, 69] == streams.uniform(seed, "x", int(keys[size // 2, 69]))
    assert np.array_equal(table[:, ::3], streams.uniform(seed, "x", keys[:, ::3]))


@settings(max_examples=20, deadline=None)
@given(
    seed=seeds,
    patient=st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True),
    tau=st.floats(1.0, 200.0),
    first_week=st.integers(-52, 20),
    knots=st.integers(1, 30),
    more=st.integers(0, 30),
)
def test_a_longer_or_earlier_path_keeps_its_knots(seed, patient, tau, first_week, knots, more):
    people = np.array(patient)
    path = fluctuation(seed, people, tau, 7 * first_week, knots)
    longer = fluctuation(seed, people, tau, -364, knots + more + first_week + 52)
    part = slice(first_week + 52, first_week + 52 + knots)
    assert np.array_equal(longer.values[:, part], path.values)
    assert np.array_equal(longer.slopes[:, part], path.slopes)
    alone = fluctuation(seed, people[-1:], tau, 7 * first_week, knots)
    assert np.array_equal(alone.values[0], path.values[-1])
