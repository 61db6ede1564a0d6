"""The table of scores: rows, baselines, what is missing."""

import polars as pl
import pytest

from funis.analysis import score_table
from funis.models.endpoints import Endpoints

from .conftest import BASELINE, IMPROVED, observations

DAS = {"tjc28": 4.0, "sjc28": 5.0, "ptga": 12.0, "esr": 44.0, "crp": 44.0}


def test_each_patient_is_held_against_the_own_baseline(ra: Endpoints) -> None:
    half = {name: value / 2 for name, value in BASELINE.items()}
    table = score_table(
        observations(
            [
                (1, "a", 12.0, IMPROVED),
                (1, "a", 0.0, BASELINE),
                (1, "b", 0.0, half),  # the same number in another arm is another row
                (1, "b", 12.0, half),
                (2, "a", 0.0, half),
                (2, "a", 12.0, BASELINE),
            ]
        ),
        ra,
    )
    assert table.select("arm", "subject", "week").rows() == [
        ("a", 1, 0.0),
        ("a", 1, 12.0),
        ("a", 2, 0.0),
        ("a", 2, 12.0),
        ("b", 1, 0.0),
        ("b", 1, 12.0),
    ]
    assert table["ACR50"].to_list() == [False, True, False, False, False, False]
    assert table["ACR70"].to_list() == [False] * 6


def test_all_endpoints_are_columns(ra: Endpoints) -> None:
    table = score_table(observations([(1, "a", 0.0, {**BASELINE, **DAS})]), ra)
    assert {*ra.names, "EULAR", "SHARP_TOTAL"} <= set(table.columns)
    assert table["DAS28_ESR"][0] == pytest.approx(4.563, abs=5e-4)
    assert table["EULAR"].to_list() == ["none"]
    assert table["SHARP_TOTAL"].null_count() == 1
    assert table.schema["ACR20"] == pl.Boolean
    assert table.schema["EULAR"] == pl.String


def test_what_is_missing_is_missing_in_scores_and_false_in_responses(ra: Endpoints) -> None:
    later = {**DAS, "tjc28": 0.0, "sjc28": 0.0, "esr": 5.0}
    without = {name: value for name, value in later.items() if name != "esr"}
    table = score_table(
        observations(
            [
                (1, "a", 0.0, DAS),
                (1, "a", 12.0, later),
                (2, "a", 0.0, DAS),
                (2, "a", 12.0, without),
                (3, "a", 12.0, later),  # no baseline
            ]
        ),
        ra,
    ).filter(pl.col("week") == 12)
    assert table["DAS28_ESR"].is_null().to_list() == [False, True, False]
    assert table["EULAR"].to_list() == ["good", None, None]
    assert table["EULAR_RESPONSE"].to_list() == [True, False, False]
    assert table["REMISSION_ESR"].to_list() == [True, False, True]
    assert table["ACR20"].to_list() == [False, False, False]


def test_structural_values_pass_through(ra: Endpoints) -> None:
    table = score_table(observations([(1, "a", 0.0, {"SHARP_TOTAL": 31.5})]), ra)
    assert table["SHARP_TOTAL"].to_list() == [31.5]


def test_unknown_and_double_components_are_refused(ra: Endpoints) -> None:
    with pytest.raises(
        ValueError, match=r"unknown component 'sharp_totl'.*did you mean 'SHARP_TOTAL'"
    ):
        score_table(observations([(1, "a", 0.0, {"sharp_totl": 1.0})]), ra)
    double = observations([(1, "a", 0.0, {"crp": 1.0}), (1, "a", 0.0, {"crp": 2.0})])
    with pytest.raises(ValueError, match="twice at one visit"):
        score_table(double, ra)
