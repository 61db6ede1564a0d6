"""From blocks of arrays to the four tables."""

import numpy as np
import polars
import pytest

from funis.trial.data import Block, gather


def block(patients, arm="a", **changes):
    n = len(patients)
    fields = {
        "arms": np.full(n, arm),
        "patient": np.array(patients, dtype=np.int64),
        "site": np.zeros(n, dtype=np.int64),
        "attempt": np.arange(n),
        "covariates": {"age_year": np.arange(n) + 40.0},
        "status": np.full(n, "completed"),
        "reason": np.full(n, ""),
        "ladder": np.zeros(n, dtype=np.int8),
        "deviation": np.full(n, np.nan),
        "discontinued_week": np.full(n, np.nan),
        "rescued_week": np.full(n, np.nan),
        "weeks": (0.0, 2.5),
        "components": ("x", "y"),
        "values": np.arange(4.0 * n).reshape(n, 2, 2),
        "doses": {
            "subject": np.array(patients, dtype=np.int64),
            "day": np.zeros(n),
            "intervention": np.full(n, "drug"),
            "route": np.full(n, "drug"),
            "amount": np.full(n, 2.0),
            "duration_day": np.zeros(n),
            "rule": np.full(n, ""),
        },
        "adverse_events": {
            "subject": np.array(patients, dtype=np.int64),
            "day": np.full(n, 0.5),
            "end_day": np.full(n, 1.0),
            "term": np.full(n, "fever"),
            "grade": np.ones(n, dtype=np.int64),
            "serious": np.zeros(n, dtype=bool),
            "related": np.ones(n, dtype=bool),
            "expected": np.ones(n, dtype=bool),
            "dose": np.arange(n) % 2,
            "route": np.full(n, "iv"),
            "source_kind": np.full(n, "cells"),
        },
    }
    return Block(**(fields | changes))


def test_every_table_says_the_arm_of_a_patient(ra):
    one = block([3, 4, 5], arms=np.array(["placebo", "a", "placebo"]))
    data = gather([one, block([6])], ra)
    assert data.subjects["arm"].to_list() == ["placebo", "a", "placebo", "a"]
    assert data.doses["arm"].to_list() == ["placebo", "a", "placebo", "a"]
    assert data.observations["arm"].to_list() == [
        arm for arm in ("placebo", "a", "placebo", "a") for _ in range(4)
    ]


def test_tables_lie_in_one_piece_so_that_their_files_do_not_tell_the_tasks(ra):
    data = gather([block([0, 1]), block([2]), block([3])], ra)
    tables = (data.subjects, data.doses, data.observations, data.adverse_events)
    assert [table.n_chunks() for table in tables] == [1, 1, 1, 1]


def test_an_adverse_event_of_background_follows_no_dose_and_no_route(ra):
    events = gather([block([3, 4])], ra).adverse_events
    assert events.columns == [
        "subject", "arm", "day", "end_day", "term", "grade", "serious", "related", "expected",
        "dose", "route", "source_kind",
    ]  # fmt: skip
    assert events["dose"].to_list() == [None, 1]
    assert events["route"].to_list() == [None, "iv"]
    assert events["arm"].to_list() == ["a", "a"]


def test_missing_is_null_and_what_was_not_seen_has_no_row(ra):
    values = np.arange(8.0).reshape(2, 2, 2)
    values[1] = np.nan
    one = block(
        [0, 1], values=values, status=np.array(["completed", "failed"]),
        reason=np.array(["", "failed to solve"]), rescued_week=np.array([np.nan, 2.5]),
    )  # fmt: skip
    data = gather([one], ra)
    assert data.subjects["status_reason"].to_list() == [None, "failed to solve"]
    assert data.subjects["rescued_week"].to_list() == [None, 2.5]
    assert data.subjects["discontinued_week"].to_list() == [None, None]
    assert data.subjects["screened"].to_list() == [1, 2]
    assert data.observations.rows() == [
        (0, "a", 0.0, "baseline", "x", 0.0), (0, "a", 0.0, "baseline", "y", 1.0),
        (0, "a", 2.5, "week 2.5", "x", 2.0), (0, "a", 2.5, "week 2.5", "y", 3.0),
    ]  # fmt: skip


def test_a_trial_without_a_dose_has_an_empty_table_of_doses(ra):
    doses = {name: column[:0] for name, column in block([0]).doses.items()}
    data = gather([block([0], doses=doses), block([1])], ra)
    assert data.doses.height == 1
    none = gather([block([0], doses=doses)], ra)
    assert none.doses.height == 0
    assert none.doses.schema == data.doses.schema


def test_doses_of_one_moment_keep_their_order(ra):
    one = block([0, 0, 0])
    doses = dict(one.doses) | {"amount": np.array([3.0, 1.0, 2.0])}
    data = gather([block([0], doses=doses)], ra)
    assert data.doses["amount"].to_list() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("name", ["intervention", "route"])
def test_text_columns_are_text(ra, name):
    assert gather([block([0])], ra).doses.schema[name] == polars.String
