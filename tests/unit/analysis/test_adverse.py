"""Adverse events counted from tables made by hand."""

import math
from types import SimpleNamespace

import polars as pl
import pytest

from funis.analysis import DoseLimit, adverse_estimates, wilson
from funis.analysis.adverse import followed_years, risk_ratio

ROWS = [
    # subject, day, term, grade, serious, related, dose, route
    (0, 0.5, "fever", 1, False, True, 1, "iv"),
    (0, 28.5, "fever", 3, False, True, 2, "iv"),
    (1, 100.0, "fever", 3, False, True, 2, "iv"),
    (4, 200.0, "death", 5, True, False, None, None),
    (5, 0.5, "fever", 3, False, True, 1, "iv"),
    (7, 0.5, "fever", 1, False, True, 1, "iv"),
]
COLUMNS = ["subject", "day", "term", "grade", "serious", "related", "dose", "route"]


@pytest.fixture
def tables():
    arms = ["cells"] * 4 + ["placebo"] * 4
    subjects = pl.DataFrame(
        {
            "subject": range(8),
            "arm": arms,
            "status": ["completed"] * 7 + ["failed"],
            "discontinued_week": [None] * 3 + [26.0] + [None] * 4,
        }
    )
    doses = pl.DataFrame(
        {
            "subject": [s for s in range(4) for _ in range(2)],
            "day": [0.0, 28.0] * 4,
            "route": ["iv"] * 8,
        }
    )
    events = pl.DataFrame(ROWS, schema=COLUMNS, orient="row")
    return SimpleNamespace(subjects=subjects, doses=doses, adverse_events=events)


@pytest.fixture
def found(tables):
    rows = adverse_estimates(
        tables, ["placebo", "cells"], ["fever", "death", "nausea"], 52.0, "placebo",
        DoseLimit(3, 28),
    )  # fmt: skip
    return {(one.term, one.arm): one for one in rows}


def test_patients_count_once_and_events_each_time(found):
    fever = found["fever", "cells"]
    assert (fever.n, fever.patients, fever.events, fever.grade3plus) == (4, 2, 3, 2)
    assert fever.risk == wilson(2, 4)
    assert fever.by_dose == (1, 2)


def test_failed_patients_are_left_out_of_both_counts(found):
    assert (found["fever", "placebo"].n, found["fever", "placebo"].patients) == (3, 1)


def test_time_ends_where_a_patient_left(tables, found):
    years = followed_years(tables, 52.0).filter(pl.col("arm") == "cells")["years"].sum()
    assert years == pytest.approx((3 * 52 + 26) * 7 / 365.25)
    assert found["fever", "cells"].rate.estimate == pytest.approx(3 / years)


def test_a_limiting_toxicity_comes_soon_after_a_dose_a_mock_one_too(found):
    """The second fever of patient 0 does; that of patient 1 comes 72 days after the last dose."""
    assert found["dose_limiting", "cells"].patients == 1
    assert found["dose_limiting", "placebo"].patients == 1


def test_serious_events_that_follow_no_dose_are_not_related(found):
    assert found["serious", "placebo"].patients == 1
    assert found["related_serious", "placebo"].patients == 0
    assert found["any", "placebo"].patients == 2


def test_what_nobody_had_may_still_happen(found):
    nobody = found["nausea", "cells"]
    assert (nobody.patients, nobody.events, nobody.risk.low) == (0, 0, 0.0)
    assert nobody.none_seen_high == pytest.approx(3 / 4)
    assert nobody.rate.high > 0
    assert math.isnan(nobody.risk_ratio.estimate)


def test_the_reference_is_compared_with_nobody(found):
    assert math.isnan(found["fever", "placebo"].risk_ratio.estimate)
    assert found["fever", "cells"].risk_difference.estimate == pytest.approx(2 / 4 - 1 / 3)


def test_a_ratio_of_risks_is_that_of_the_textbook():
    found = risk_ratio(20, 100, 10, 100)
    error = math.sqrt(1 / 20 - 1 / 100 + 1 / 10 - 1 / 100)
    assert found.estimate == pytest.approx(2)
    assert found.high == pytest.approx(2 * math.exp(1.959964 * error), rel=1e-6)
    assert risk_ratio(3, 10, 0, 10).estimate == pytest.approx(7)
    assert risk_ratio(4, 4, 4, 4).estimate == 1.0
