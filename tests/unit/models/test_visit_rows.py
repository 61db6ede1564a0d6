"""Conditions held for some weeks or ever met, against tables made by hand."""

from pathlib import Path

import numpy as np
import pytest

from funis.models.endpoints import VisitRows, depends_on_visits, evaluate_endpoints, load_endpoints
from funis.models.visit_rows import remembered

WEEKS = [0, 6, 12, 18, 24, 36]


def table(text, weeks=WEEKS, held=0.0, ever=False, seen=None):
    """Where a condition counts in one patient, as a text of + and - alike to that given."""
    holds = np.array([sign == "+" for sign in text])
    rows = VisitRows(np.zeros(len(holds), np.int64), np.array(weeks, float), seen)
    return "".join("+" if one else "-" for one in remembered(holds, held, ever, rows))


@pytest.mark.parametrize(
    ("holds", "held", "ever", "counts"),
    [
        ("--+-+-", 0, False, "--+-+-"),
        ("--+-+-", 0, True, "--++++"),
        ("+-----", 0, True, "------"),  # baseline does not count
        ("-+++--", 12, False, "---+--"),  # 6 to 18
        ("-+++--", 12, True, "---+++"),
        ("++++++", 12, False, "---+++"),  # the run begins at week 6, not at baseline
        ("-++-++", 12, False, "-----+"),  # broken at 18, again from 24 to 36
        ("-+-+-+", 12, False, "------"),
        ("----++", 12, False, "-----+"),
        ("----++", 12.1, False, "------"),
        ("------", 12, True, "------"),
    ],
)
def test_what_holds_counts_once_it_was_held(holds, held, ever, counts):
    assert table(holds, held=held, ever=ever) == counts


def test_a_visit_that_has_no_row_is_no_visit():
    assert table("-+++", weeks=[0, 6, 18, 36], held=12) == "--++"
    assert table("-+-+", weeks=[0, 6, 18, 36], ever=True) == "-+++"


def test_a_row_where_nothing_was_seen_neither_breaks_nor_counts():
    seen = np.array([True, True, False, True, True, True])
    assert table("-+-+--", held=12, seen=seen) == "---+--"
    assert table("-++---", held=6, seen=seen) == "------"
    assert table("--+---", ever=True, seen=seen) == "------"


def test_patients_do_not_mix_and_rows_may_come_in_any_order():
    patient = np.array([7, 7, 7, 2, 2, 2])
    week = np.array([0.0, 4, 8, 0, 4, 8])
    holds = np.array([False, True, True, False, False, True])
    wanted = np.array([False, False, True, False, False, False])
    for order in (np.arange(6), np.array([5, 1, 3, 0, 4, 2])):
        rows = VisitRows(patient[order], week[order])
        assert np.array_equal(remembered(holds[order], 4, False, rows), wanted[order])
    first = remembered(holds, 0, True, VisitRows(patient, week))
    assert np.array_equal(first, [False, True, True, False, False, True])


def test_without_visits_nothing_counts():
    assert not remembered(np.ones(3, bool), 0, True, None).any()
    assert not remembered(np.ones(3, bool), 4, False, None).any()


def test_the_visit_before_is_the_row_before_of_the_same_patient():
    rows = VisitRows(np.array([1, 0, 1, 0]), np.array([8.0, 0.0, 0.0, 4.0]))
    assert rows.before().week.tolist() == [0.0, -np.inf, -np.inf, 0.0]


FILE = """\
components:
  edss:
    {name: Disability, unit: points, observable: x, scale: logit, range: [0, 10], round: 0.5,
     noise_sd: 0, shared_noise: 0, expectation: 0, inflation: 0, reporter: assessor,
     status: assumed, note: made up}
  relapses:
    {name: Relapses, unit: relapses, observable: y, scale: events, range: [0, 50], noise_sd: 0,
     shared_noise: 0, expectation: 0, inflation: 0, reporter: assessor, status: assumed,
     note: made up}
scores:
  SUM:
    {name: Sum, unit: "", expression: edss + 10*WORSE, range: [0, 20], better: lower, source: here}
responders:
  WORSE: {name: Worse, expression: change(edss) >= 1, held_weeks: 12, ever: true, source: here}
  QUIET: {name: Quiet, expression: not WORSE and change(relapses) < 1, source: here}
  LATE: {name: Late, expression: WORSE and not previous(WORSE), source: here}
"""


@pytest.fixture
def endpoints(tmp_path: Path):
    path = tmp_path / "endpoints.yaml"
    path.write_text(FILE)
    return load_endpoints(path)


def columns(**values):
    return {name: np.array(column, float) for name, column in values.items()}


def evaluated(endpoints, edss, relapses, weeks=WEEKS):
    size, nan = len(edss), [np.nan]
    rows = VisitRows(np.zeros(size, np.int64), np.array(weeks, float))
    return evaluate_endpoints(
        endpoints,
        columns(edss=edss, relapses=relapses),
        columns(edss=[edss[0]] * size, relapses=[relapses[0]] * size),
        columns(edss=nan + edss[:-1], relapses=nan + relapses[:-1]),
        visits=rows,
    )


def test_others_use_what_was_confirmed_so_far(endpoints):
    found = evaluated(endpoints, [2, 3, 3, 3, 2, 2], [1, 1, 1, 1, 1, 2])
    assert found["WORSE"].tolist() == [False, False, False, True, True, True]
    assert found["QUIET"].tolist() == [True, True, True, False, False, False]
    assert found["SUM"].tolist() == [2, 3, 3, 13, 12, 12]
    assert found["LATE"].tolist() == [False, False, False, True, False, False]


def test_a_missing_value_has_not_been_met_but_does_not_undo(endpoints):
    nan = np.nan
    found = evaluated(endpoints, [2, 3, 3, 3, nan, 2], [0, 0, 0, 0, 0, 0])
    assert found["WORSE"].tolist() == [False, False, False, True, True, True]
    broken = evaluated(endpoints, [2, 3, nan, 3, 2, 2], [0, 0, 0, 0, 0, 0])
    assert not broken["WORSE"].any()  # somebody was there, and disability was not seen to hold
    missed = evaluated(endpoints, [2, 3, nan, 3, 2, 2], [0, 0, nan, 0, 0, 0])
    assert missed["WORSE"].tolist() == [False, False, False, True, True, True]


def test_what_depends_on_visits_is_known_through_other_names(endpoints):
    assert depends_on_visits(endpoints)
    assert depends_on_visits(endpoints, ["QUIET"])
    assert depends_on_visits(endpoints, ["SUM"])
    assert not depends_on_visits(endpoints, [])
    assert endpoints.event_counts == ("relapses",)
    assert endpoints.measures("relapses") == ("change", "value", "rate")
    assert endpoints.measures("WORSE") == ("responder",)
    assert endpoints.measures("nothing") == ()
