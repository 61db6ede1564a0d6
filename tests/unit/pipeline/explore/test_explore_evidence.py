"""What is published beside a view: ranges are no intervals, no single arm stands alone."""

import pytest

from funis.apps.web.pages.evidence_impact import EXAMPLE
from funis.models import disease_ids
from funis.pipeline.explore.document import document
from funis.pipeline.explore.evidence import grade_of
from funis.pipeline.explore.text import explore_tables
from funis.pipeline.planning.assemble import ground_of
from funis.pipeline.study_impact import store_own

ROUTES = (("iv",), ("it",), ("iv", "it"))


@pytest.mark.parametrize("disease", ["sle", "ssc", "ms"])
def test_a_range_over_control_arms_is_told_in_words_and_is_no_interval(disease):
    (ranged,) = (one for one in grade_of(disease, "umbilical_cord", ("iv",)).effects if one.range)
    assert (ranged.low, ranged.high) == (None, None)
    assert ranged.label == "Range over control arms without cells"
    assert ranged.range.startswith("median ")
    assert f"{len(ranged.studies)} trials from " in ranged.range
    assert ranged.range.endswith("a range, no interval")


def test_a_control_arm_that_was_pooled_keeps_its_interval():
    (pooled,) = grade_of("ra", "umbilical_cord", ("iv",)).effects
    assert (pooled.range, pooled.low, pooled.high) == ("", 0.272, 0.309)


@pytest.mark.parametrize("disease", disease_ids())
def test_what_has_no_control_of_its_own_has_control_arms_of_the_same_measure_beside_it(disease):
    for routes in ROUTES:
        shown = grade_of(disease, "umbilical_cord", routes).effects
        beside = {(one.endpoint, one.measure) for one in shown if one.study_type == "control arms"}
        for one in shown:
            assert one.compared or (one.endpoint, one.measure) in beside


def test_all_adverse_events_are_listed_and_death_is_among_them(view):
    (table,) = (one for one in explore_tables(view) if one.title.startswith("Adverse events"))
    assert len(table.rows) == len(view.harms) == len(document(view)["harms"])
    assert {"death", "malignancy", "thromboembolism"} <= {one.id for one in view.harms}


def test_a_study_that_a_user_stores_changes_the_grade_at_once(tmp_path, monkeypatch):
    before = grade_of("ra", "umbilical_cord", ("iv",)), ground_of("ra", None, None)
    monkeypatch.setenv("FUNIS_DATA", str(tmp_path))
    store_own(EXAMPLE)
    after = grade_of("ra", "umbilical_cord", ("iv",)), ground_of("ra", None, None)
    assert after[0].randomised_studies == before[0].randomised_studies + 1
    assert after[1].grade != before[1].grade
    monkeypatch.setenv("FUNIS_DATA", "")
    assert grade_of("ra", "umbilical_cord", ("iv",)) == before[0]
