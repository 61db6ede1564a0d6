import numpy as np
import pytest

from funis.population import Stream, exponential, normal, uniform
from funis.population.streams import philox4x32

# kat_vectors of Random123 (D. E. Shaw Research), philox4x32 with 10 rounds
KNOWN_ANSWERS = [
    ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    (
        [0xFFFFFFFF] * 4,
        (0xFFFFFFFF, 0xFFFFFFFF),
        [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    ),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        (0xA4093822, 0x299F31D0),
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, expected):
    words = philox4x32(tuple(np.array([word], dtype=np.uint64) for word in counter), key)
    assert [int(word[0]) for word in words] == expected


def test_philox_leaves_its_argument_alone():
    counter = tuple(np.full(3, word, dtype=np.uint64) for word in (1, 2, 3, 4))
    philox4x32(counter, (5, 6))
    assert [int(word[0]) for word in counter] == [1, 2, 3, 4]


def test_numbers_have_the_moments_of_their_distribution():
    keys = np.arange(200_000)
    flat = uniform(3, "moments", keys)
    assert flat.min() > 0.0
    assert flat.max() < 1.0
    assert flat.mean() == pytest.approx(0.5, abs=0.003)
    assert flat.var() == pytest.approx(1 / 12, abs=0.001)
    bell = normal(3, "moments", keys, "component")
    assert bell.mean() == pytest.approx(0.0, abs=0.01)
    assert bell.std() == pytest.approx(1.0, abs=0.01)
    assert exponential(3, "moments", keys).mean() == pytest.approx(1.0, abs=0.01)


def test_neighbouring_keys_are_not_correlated():
    patient, minute = np.arange(400)[:, None], np.arange(-200, 200)
    table = normal(1, "visit", patient, minute)
    assert abs(np.mean(table[:, 1:] * table[:, :-1])) < 0.01
    assert abs(np.mean(table[1:] * table[:-1])) < 0.01
    assert abs(np.mean(table * normal(2, "visit", patient, minute))) < 0.01
    assert abs(np.mean(table * normal(1, "other", patient, minute))) < 0.01


def test_every_part_of_a_key_counts():
    base = uniform(1, "a", 2, 3, 4, 5)
    others = [
        uniform(9, "a", 2, 3, 4, 5),
        uniform(1, "b", 2, 3, 4, 5),
        uniform(1, "a", 9, 3, 4, 5),
        uniform(1, "a", 2, 9, 4, 5),
        uniform(1, "a", 2, 3, 9, 5),
        uniform(1, "a", 2, 3, 4, 9),
        uniform(1, "a", 2, 3, 4),
        uniform(1, "a", 2, 3, 4, "5"),
    ]
    assert len({float(value) for value in (base, *others)}) == 9
    assert uniform(1, "a", 2, 3) != uniform(1, "a", 2, 3, 0)


def test_a_negative_minute_is_two_s_complement():
    assert uniform(1, "a", 2, -1440) == uniform(1, "a", 2, 2**32 - 1440)
    assert uniform(1, "a", 2, -1440) != uniform(1, "a", 2, 1440)


def test_strings_come_one_by_one_or_as_an_array():
    together = normal(1, "a", [[0], [1]], ["tjc68", "sjc66", "tjc68"])
    assert together.shape == (2, 3)
    assert together[1, 1] == normal(1, "a", 1, "sjc66")
    assert together[0, 0] == together[0, 2]


def test_no_keys_give_no_numbers():
    assert uniform(1, "a", np.array([], dtype=np.int64), 3).shape == (0,)
    assert uniform(1, "a", []).shape == (0,)


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        ((-1,), ValueError, "outside 0"),
        ((2**32,), ValueError, "outside 0"),
        ((0, -(2**31) - 1), ValueError, "outside -2147483648"),
        ((0, 1.5), TypeError, "integers and strings"),
        ((0, 1, 2, 3, 4), ValueError, "at most 3"),
    ],
)
def test_a_key_that_cannot_be_is_refused(key, error, words):
    with pytest.raises(error, match=words):
        uniform(1, "a", *key)


def test_a_stream_holds_seed_and_purpose():
    stream = Stream(4, "drop-out")
    keys = np.arange(5)
    assert np.array_equal(stream.uniform(keys, 1), uniform(4, "drop-out", keys, 1))
    assert np.array_equal(stream.normal(keys, 1), normal(4, "drop-out", keys, 1))
    assert np.array_equal(stream.exponential(keys), exponential(4, "drop-out", keys))
