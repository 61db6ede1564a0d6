"""Designs from trial file to results: what is told of them, and what a crossover compares."""

import polars as pl
import pytest

from funis.analysis import by_period
from funis.pipeline.conducted import next_level, recommended
from funis.pipeline.run import run_trial
from funis.protocol import Crossover, Escalation, FrozenMapping

PLAN = Escalation("three_plus_three", ("low", "middle", "high"), 3, 0.25, 18, 3, (), 28.0)


@pytest.mark.usefixtures("small_pool")
def test_a_series_is_told_layer_by_layer_and_cells_of_potency_0_add_nothing(tmp_path):
    found = run_trial(
        "ra_series", patients=6, workers=1, twins=0, ensemble="none", out=tmp_path / "a"
    )
    layers = found.document["layers"]
    assert [row["without"] for row in layers] == [
        "",
        "what the cells do",
        "what knowing or guessing the arm adds",
        "expectation of patients",
        "scores raised at entry",
    ]
    assert layers[0]["estimate"] == layers[1]["estimate"] < layers[2]["estimate"]
    assert "Open label" in found.document["design"]["Masking"]
    text = (tmp_path / "a" / "report.html").read_text()
    assert "Why a series without a control improves" in text
    assert "fixed before the first patient" in text


@pytest.mark.usefixtures("small_pool")
def test_a_trial_without_a_design_is_told_as_before():
    found = run_trial("ra_two_arm", patients=4, workers=1, twins=0, ensemble="none")
    assert "design" not in found.document
    assert found.report.layers == ()


@pytest.mark.usefixtures("small_pool")
def test_an_escalation_goes_up_by_its_toxicities_and_recommends_a_level():
    found = run_trial("ra_escalation", workers=1, twins=0, ensemble="none")
    subjects = found.data.subjects.sort("subject")
    levels = [PLAN.levels.index(arm) for arm in subjects["arm"]]
    toxic = subjects["dose_limiting"].to_list()
    for end in range(3, len(levels), 3):
        assert next_level(PLAN, levels[:end], toxic[:end]) == levels[end]
    assert next_level(PLAN, levels, toxic) is None
    assert "Dose escalation" in found.document["design"]


def test_the_rules_of_an_escalation_are_those_of_its_method():
    assert next_level(PLAN, [0, 0, 0], [False] * 3) == 1
    assert next_level(PLAN, [0, 0, 0], [True, False, False]) == 0
    assert next_level(PLAN, [0, 0, 0], [True, True, False]) is None
    assert recommended(PLAN, [0, 0, 0], [True, True, False]) is None
    crm = Escalation("crm", PLAN.levels, 3, 0.25, 18, 3, (), 28.0)
    assert next_level(crm, [0, 0, 0], [False] * 3) == 1
    assert next_level(crm, [0, 0, 0], [True] * 3) in (0, None)


def test_periods_of_a_crossover_count_from_their_start():
    turns = Crossover(4.0, 2.0, FrozenMapping({"ab": ("a", "b"), "ba": ("b", "a")}))
    tables = Tables()
    found = by_period(tables, turns)
    rows = found.subjects.sort("subject").select("subject", "arm", "patient", "period")
    assert rows.rows() == [(0, "a", 0, 1), (1, "b", 0, 2), (2, "b", 1, 1)]
    seen = found.observations.sort("subject", "week").select("subject", "arm", "week", "value")
    assert seen.rows() == [
        (0, "a", 0.0, 1.0), (0, "a", 4.0, 2.0), (1, "b", 0.0, 3.0), (1, "b", 4.0, 4.0),
        (2, "b", 0.0, 5.0),
    ]  # fmt: skip
    assert found.subjects.sort("subject")["discontinued_week"].to_list() == [None, None, 2.0]
    assert found.doses.rows() == [(1, "b", 1.0)]
    assert found.adverse_events.rows() == [(0, "a", 40.0)]


class Tables:
    """Two patients; the second left in the first period."""

    subjects = pl.DataFrame(
        {
            "subject": [0, 1],
            "arm": ["ab", "ba"],
            "status": ["completed", "discontinued"],
            "discontinued_week": [None, 2.0],
            "rescued_week": pl.Series([None, None], dtype=pl.Float64),
        }
    )
    observations = pl.DataFrame(
        {
            "subject": [0, 0, 0, 0, 1],
            "arm": ["ab"] * 4 + ["ba"],
            "week": [0.0, 4.0, 6.0, 10.0, 0.0],
            "value": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    doses = pl.DataFrame({"subject": [0], "arm": ["ab"], "day": [43.0]})
    adverse_events = pl.DataFrame({"subject": [0], "arm": ["ab"], "day": [40.0]})
