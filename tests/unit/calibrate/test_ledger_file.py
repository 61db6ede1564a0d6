"""The ledger of predictions: nothing in it can be changed without being seen."""

import copy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.calibrate.ledger_file import (
    LEVELS,
    append_entries,
    check_ledger,
    entry_hash,
    is_date,
    read_ledger,
)
from funis.checks import InputError

PREDICTED = {
    "median": 0.5, "low80": 0.1, "high80": 0.9, "low95": 1e-5, "high95": 123456.7,
    "quantiles": list(LEVELS),
}  # fmt: skip
ENTRY = {
    "study": "one", "registry": "NCT0", "title": "A trial: of \"cells\"", "disease": "ra",
    "date": "2026-06-01", "version": "0", "design": "randomized",
    "population": {"criteria": None, "like": "ra_demo"},
    "endpoint": {"endpoint": "ACR20", "week": 12.0, "measure": "responder", "registered": False,
                 "source": "usual"},
    "assumed": ["size"],
    "arms": [{"id": "msc", "n": 20, "cells": True, "regimens": ["1e6"], "drawn": ["dose"],
              "not_represented": [], "predicted": PREDICTED, "if_cells_do_nothing": 0.3}],
    "contrasts": [],
    "success": {"rule": "none", "probability": None, "if_cells_do_nothing": None},
    "ensemble": {"hash": "a", "model": "b", "no_effect": 0.25},
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "ledger.yaml"
    append_entries(file, [ENTRY, {**ENTRY, "study": "two"}])
    return file


def faults(path):
    return [str(issue) for issue in check_ledger(read_ledger(path))]


def test_entries_are_read_as_they_were_written(path):
    ledger = read_ledger(path)
    assert [entry.id for entry in ledger.entries] == ["one.1", "two.1"]
    assert ledger.entries[0].arms[0].predicted.low95 == 1e-5
    assert ledger.entries[0].title == ENTRY["title"]
    assert ledger.entries[1].previous == ledger.entries[0].hash
    assert faults(path) == []


def test_a_new_prediction_stands_behind_the_old_ones_and_leaves_their_bytes(path):
    before = path.read_bytes()
    ledger = append_entries(path, [ENTRY])
    assert path.read_bytes().startswith(before)
    assert [entry.id for entry in ledger.entries] == ["one.1", "two.1", "one.2"]


@pytest.mark.parametrize("old", ["2026-06-01", "0.25", '"dose"', "low80: 0.1"])
def test_a_changed_prediction_is_an_error_with_its_line(path, old):
    text = path.read_text(encoding="utf-8")
    new = {"2026-06-01": "2025-06-01", "0.25": "0.26"}.get(old, old.replace("d", "e", 1))
    path.write_text(text.replace(old, new if old != "low80: 0.1" else "low80: 0.2", 1))
    found = faults(path)
    assert len(found) == 1
    assert "the prediction 'one.1' was changed" in found[0]
    assert re.search(r"ledger\.yaml:\d+: \[0\]\.hash", found[0])
    with pytest.raises(InputError, match="was changed"):
        append_entries(path, [ENTRY])


def test_a_dropped_prediction_is_an_error(path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text[text.index('- id: "two.1"') :], encoding="utf-8")
    assert "does not follow the entry before it" in faults(path)[0]


def test_an_entry_that_stands_twice_is_an_error(path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text[text.index('- id: "two.1"') :], encoding="utf-8")
    assert any("stands here twice" in fault for fault in faults(path))


def leaves(value, at=()):
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*at, key))]
    if isinstance(value, list):
        return [leaf for key, item in enumerate(value) for leaf in leaves(item, (*at, key))]
    return [at]


@given(st.sampled_from(leaves(ENTRY)), st.one_of(st.text(), st.floats(0, 1e9), st.none()))
def test_every_leaf_counts_in_the_hash(at, new):
    changed = copy.deepcopy(ENTRY)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    same = inner[at[-1]] == new and not isinstance(new, bool)
    inner[at[-1]] = new
    assert (entry_hash(changed) == entry_hash(ENTRY)) == same


def test_a_whole_number_has_one_hash_however_it_is_written():
    assert entry_hash({"week": 12}) == entry_hash({"week": 12.0})


@pytest.mark.parametrize(
    ("text", "valid"),
    [("2026-06-01", True), ("2026-6-1", False), ("2026-02-30", False), ("soon", False)],
)
def test_a_date_is_a_day_of_the_calendar(text, valid):
    assert is_date(text) is valid
