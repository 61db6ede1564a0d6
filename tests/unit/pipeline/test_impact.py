"""What studies change: a negative trial against potency and a planned trial's chance."""

import json
import re

import pytest

from funis.checks import InputError
from funis.pipeline.impact import evidence_impact, impact_document, impact_tables, side_document

NEGATIVE = """\
- id: made_up_negative
  title: An invented trial in which cells do nothing
  disease: AS
  design: {kind: randomized, blinding: double, control: placebo}
  population: {n: 200}
  product: {source: UC, allogeneic: true}
  arms:
  - {id: msc, n: 100, route: IV, cells_per_kg: 1.0e+6, infusions: 4, days: [0, 28, 56, 84]}
  - {id: placebo, n: 100, route: IV, cells_per_infusion: 0}
  outcomes:
  - {arm: msc, endpoint: ASAS20, week: 16, n: 100, events: 28}
  - {arm: placebo, endpoint: ASAS20, week: 16, n: 100, events: 30}
  sources: [{url: 'https://example.org', what: made_up}]
  confidence: low
"""
SMALL = {"workers": 1, "patients": 8}


@pytest.fixture(scope="module")
def negative(tmp_path_factory):
    path = tmp_path_factory.mktemp("impact") / "negative.yaml"
    path.write_text(NEGATIVE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def added(negative):
    return evidence_impact("as", files=[negative], **SMALL)


def test_a_negative_trial_moves_potency_toward_zero(added):
    for old, new in ((added.old.own, added.new.own), (added.old.borrowed, added.new.borrowed)):
        assert new.no_effect > old.no_effect
        assert new.mean < old.mean
    assert added.new.gain < added.old.gain


def test_a_negative_trial_moves_the_chance_of_a_planned_trial_down(added):
    old, new = added.old.chance, added.new.chance
    assert new.probability.estimate < old.probability.estimate - 0.02
    assert new.own.high < old.own.low
    assert new.no_effect.estimate == pytest.approx(old.no_effect.estimate, abs=0.01)


def test_the_pooled_effect_is_that_of_the_trials_that_compare(added):
    assert added.old.pooled.interval is None
    assert added.new.pooled.kind == "randomised contrast"
    assert added.new.pooled.interval.estimate == pytest.approx(28 / 30)


def test_a_study_that_is_taken_away_again_leaves_the_same_bytes(added, negative):
    both = evidence_impact("as", files=[negative], without=["made_up_negative"], **SMALL)
    first, again = (json.dumps(side_document(side)) for side in (added.old, both.new))
    assert first == again


def test_one_screen_shows_old_and_new(added):
    (table,) = impact_tables(added)
    assert table.columns == ("", "old", "new")
    assert len(table.rows) < 20
    shown = impact_document(added)
    assert list(shown["old"]) == list(shown["new"])
    assert shown["with"] == ["made_up_negative"]


def test_a_study_without_a_usable_row_is_said_to_change_nothing():
    found = evidence_impact("as", without=["nct05962762_as"], **SMALL)
    assert side_document(found.old) == side_document(found.new)
    assert set(found.left_out) == {"nct05962762_as"}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "nothing changes"),
        ({"without": ["wang2014_ass"]}, "did you mean 'wang2014_as'"),
        ({"without": ["nct05962762_as"], "trial": "ra_demo"}, "is on 'ra', not on 'as'"),
        ({"without": ["nct05962762_as"], "patients": 0}, "patients: 0 is out of range"),
    ],
)
def test_what_cannot_be_meant_is_one_line(asked, says):
    with pytest.raises(InputError, match=re.escape(says)) as error:
        evidence_impact("as", **{**SMALL, **asked})
    assert len(error.value.issues) == 1


def test_a_study_of_another_disease_or_a_known_id_is_refused(tmp_path):
    path = tmp_path / "other.yaml"
    for old, new, says in (
        ("disease: AS", "disease: RA", "is on 'ra'"),
        ("id: made_up_negative", "id: wang2014_as", "in the evidence already"),
    ):
        path.write_text(NEGATIVE.replace(old, new), encoding="utf-8")
        with pytest.raises(InputError, match=re.escape(says)):
            evidence_impact("as", files=[path], **SMALL)
