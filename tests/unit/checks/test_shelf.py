"""Readings of YAML files kept between processes."""

import pytest

from funis.checks import InputError
from funis.checks.yaml_reader import Shelf, _packed, read, use_shelf


@pytest.fixture
def shelf():
    kept = {}
    _packed.cache_clear()
    use_shelf(Shelf(kept.get, kept.__setitem__))
    yield kept
    use_shelf(None)
    _packed.cache_clear()


def test_a_reading_from_the_shelf_is_the_reading(shelf):
    text = "a: 1\nb: [x, 2.5]\n"
    first = read(text, "one.yaml")
    _packed.cache_clear()
    assert len(shelf) == 1
    again = read(text, "other.yaml")
    assert (again[0], dict(again[1])) == (first[0], dict(first[1]))
    assert len(shelf) == 1


def test_another_text_has_a_place_of_its_own(shelf):
    read("a: 1\n", "one.yaml")
    assert read("a: 2\n", "one.yaml")[0] == {"a": 2}
    assert len(shelf) == 2


def test_a_text_with_a_fault_is_not_kept(shelf):
    for _ in range(2):
        with pytest.raises(InputError, match="duplicate key"):
            read("a: 1\na: 2\n", "one.yaml")
    assert not shelf
