import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.pipeline.export.columns import Column, ascii_label, dataset, other_columns, short_name

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(st.lists(NAMES, max_size=30), st.sampled_from(["", "W12", "W0.5"]))
def test_short_names_are_valid_and_differ(texts, tail):
    taken = []
    for text in texts:
        taken.append(short_name(text, taken, tail))
    assert len(set(taken)) == len(taken)
    for name in taken:
        Column(name, "a label")


def test_a_short_id_keeps_its_name():
    assert short_name("tjc68", []) == "TJC68"
    assert short_name("ACR20", [], "W12") == "ACR20W12"
    assert short_name("DAS28_CRP", []) == "DAS28CRP"


@given(NAMES)
def test_any_text_makes_a_label(text):
    Column("A", ascii_label(text))


def test_what_nobody_named_is_a_column_of_its_kind():
    frame = pl.DataFrame({"known": [1], "period": [2], "stratum_of_a_long_name": ["a"], "x": [0.5]})
    found = other_columns(frame, ["known"], ["PERIOD"], {"x": "Ångström units"})
    assert [source for source, _ in found] == ["period", "stratum_of_a_long_name", "x"]
    assert [column.kind for _, column in found] == ["integer", "text", "number"]
    assert found[0][1].name != "PERIOD"
    assert found[2][1].label == "?ngstr?m units"


@given(st.text(st.characters(codec="utf-8"), max_size=250))
def test_text_is_cut_at_200_bytes_between_characters(text):
    frame = pl.DataFrame({"A": [text]})
    kept = dataset("ADX", "a label", [Column("A", "text")], frame).frame["A"][0]
    assert text.startswith(kept)
    assert len(kept.encode()) <= 200
    assert kept == text or len(kept.encode()) > 196


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused(value):
    frame = pl.DataFrame({"A": [value]})
    with pytest.raises(InputError, match=r"ADX\.A: holds a number that is not finite"):
        dataset("ADX", "a label", [Column("A", "x", "number")], frame)


def test_a_name_or_label_over_the_limit_is_a_mistake():
    for name, label in (("NINELETTE", "x"), ("a", "x"), ("A", "x" * 41), ("A", "é"), ("A", "")):
        with pytest.raises(ValueError):
            Column(name, label)
