"""Studies filtered, in the model, ticked and pooled; the facts are those of the evidence files."""

import dataclasses
import json
import xml.etree.ElementTree as ET

import pytest

from funis.checks import InputError
from funis.evidence import load_evidence
from funis.pipeline.claims.shown import filter_claims, unjudged_register
from funis.pipeline.meta import meta_analysis
from funis.pipeline.meta.chosen import chosen_document, chosen_pool
from funis.pipeline.meta.view import pool_view
from funis.pipeline.studies import StudyFilter, filter_studies
from funis.pipeline.studies.represented import modelled
from funis.pipeline.studies.signs import bias_signs
from funis.pipeline.studies.table import entry_of
from funis.report.funnel import Funnel
from funis.report.funnel_contours import funnel_figure


def ids(**wishes):
    return {entry.study.id for entry in filter_studies(StudyFilter(**wishes)).entries}


def study(name, disease="ra"):
    return load_evidence(disease).study(name)


def test_every_wish_narrows_and_all_together_are_their_intersection():
    whole = ids()
    wishes = {
        "disease": "ra", "study_type": "randomised", "source": "bone_marrow", "route": "iv",
        "randomised": True, "blinded": True, "from_year": 2017, "to_year": 2017,
        "least_dose": 1e8, "most_dose": 2e8, "text": "kafaja", "represented": True,
    }  # fmt: skip
    alone = [ids(**{name: value}) for name, value in wishes.items()]
    assert all(found < whole for found in alone)
    assert ids(**wishes) == set.intersection(*alone) == {"kafaja2017_ra"}


def test_a_study_without_a_known_dose_or_year_falls_out_of_a_range():
    assert "he2020_ra" in ids(disease="ra")
    assert "he2020_ra" not in ids(least_dose=1.0)
    assert "armada_ra" not in ids(from_year=1900)


def test_words_are_looked_for_in_any_case_and_all_of_them():
    assert ids(text="KAFAJA placebo") == {"kafaja2017_ra"}
    assert ids(text="kafaja nowhere-to-be-found") == set()


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"disease": "raa"}, "did you mean 'ra'"),
        ({"route": "nose"}, "no study has the route 'nose'"),
        ({"from_year": 2020, "to_year": 2010}, "the range of years"),
        ({"least_dose": 2.0, "most_dose": 1.0}, "the range of doses"),
        ({"least_dose": float("nan")}, "doses: out of range; expected 0 or a number above it"),
        ({"most_dose": -5.0}, "doses: out of range"),
        ({"least_dose": float("inf"), "most_dose": 1.0}, "doses: out of range"),
        ({"from_year": -3}, "years: out of range"),
        ({"text": "x" * 300}, "text: 300 characters; expected at most 200"),
    ],
)
def test_a_wish_that_nothing_can_meet_is_refused_in_one_line(wish, said):
    with pytest.raises(InputError, match=said) as caught:
        filter_studies(StudyFilter(**wish))
    assert len(caught.value.issues) == 1


def test_patients_count_as_randomised_only_where_chance_allocated_them():
    table = filter_studies(StudyFilter(disease="ra"))
    by_hand = sum(one.population.n or 0 for one in load_evidence("ra").studies if one.randomised)
    assert table.randomised_patients == by_hand
    assert entry_of("wang2013_ra").randomised_patients == 0
    assert all(entry.study.randomised for entry in table.entries if entry.randomised_patients)


def test_the_main_outcome_of_a_controlled_study_is_a_comparison_with_its_interval():
    found = entry_of("kafaja2017_ra").outcome
    assert (found.endpoint, found.week, found.compared) == ("ACR20", 12, True)
    ratio = (8 / 16) / (2 / 8)
    assert found.interval.estimate == pytest.approx(ratio)
    assert found.interval.low < 1 < found.interval.high


def test_the_main_outcome_of_a_single_arm_compares_nothing():
    found = entry_of("jamshidi2024_ra").outcome
    assert not found.compared
    assert found.interval.estimate == pytest.approx(4 / 6)


def test_a_share_that_stands_for_a_study_is_that_of_the_treated_arm():
    record = study("measure2_as", "as")
    found = entry_of("measure2_as").outcome
    rows = [row for row in record.outcomes if row.week == found.week]
    treated = {row.proportion for row in rows if row.arm == record.gate.arm}
    others = {row.proportion for row in rows if row.arm == record.gate.reference}
    assert found.interval.estimate in treated - others


def test_every_estimate_stands_with_its_interval_or_the_word_that_none_was_printed():
    for entry in filter_studies().entries:
        if entry.outcome is not None and "not printed" not in entry.outcome.text:
            interval = entry.outcome.interval
            assert interval.low <= interval.estimate <= interval.high, entry.study.id


def test_signs_of_bias_are_strong_without_a_control_or_without_chance():
    assert bias_signs(study("jamshidi2024_ra")).level == "high"
    assert bias_signs(study("wang2013_ra")).level == "high"
    assert bias_signs(study("kafaja2017_ra")).level == "some"
    assert bias_signs(study("nma2022_ra_ifn")).level == "not judged"


def test_open_label_turns_few_signs_into_some():
    kept = study("kafaja2017_ra")
    clean = dataclasses.replace(kept, confidence="high", overlaps=(), arms=())
    opened = dataclasses.replace(clean, design=dataclasses.replace(clean.design, blinding="open"))
    assert bias_signs(clean).level == "low"
    assert bias_signs(opened).reasons == ("open label",)


def test_an_arm_in_the_model_has_the_published_dose_route_and_day():
    found = modelled("kafaja2017_ra")
    arms = {arm.id: arm for arm in found.arms}
    assert (
        arms["mpc_1M"].regimens[0].startswith("1 million cells/kg by intravenous infusion on day 0")
    )
    assert not arms["placebo"].cells
    assert found.regimen.id == "kafaja2017_ra"


def test_what_a_study_does_not_say_is_drawn_and_said():
    (arm, _) = modelled("he2020_ra").arms
    assert set(arm.drawn) >= {"dose", "route"}
    assert len(arm.regimens) > 1


def test_a_drug_and_a_review_are_not_represented_and_the_reason_stands_there():
    assert "gate" in modelled("armada_ra").reason
    assert "meta-analysis" in modelled("nma2022_ra_ifn").reason


def test_ticked_studies_pool_as_the_meta_analysis_of_them_alone():
    names = ["forbes2014_cd", "onken2006_cd"]
    (stratum,) = chosen_pool("cd", "REMISSION", studies=names).analysis.strata
    (other,) = meta_analysis("cd", "REMISSION", studies=names).strata
    assert stratum.pooled.estimate == other.pooled.estimate
    assert {m.effect.study for m in stratum.members} == set(names)
    (whole,) = chosen_pool("cd", "REMISSION").analysis.strata
    assert whole.pooled.estimate != stratum.pooled.estimate


def test_one_ticked_study_is_not_pooled_and_that_is_said():
    found = chosen_pool("cd", "REMISSION", studies=["forbes2014_cd"])
    assert found.analysis.strata[0].pooled is None
    assert any("not pooled" in line for line in found.warnings)
    assert len(found.candidates) == 3


def test_no_ticked_study_is_no_error():
    found = chosen_pool("cd", "REMISSION", studies=[])
    assert found.analysis.strata == ()
    assert "No study is ticked" in found.warnings[0]
    assert pool_view(found, None).panels == ()


def test_a_study_that_has_no_such_result_cannot_be_ticked():
    with pytest.raises(InputError, match="unknown study"):
        chosen_pool("cd", "REMISSION", studies=["kafaja2017_ra"])


def test_randomised_and_single_arm_stand_in_strata_of_their_own():
    found = chosen_pool("ra", "ACR20")
    kinds = [stratum.kind for stratum in found.analysis.strata]
    assert kinds == ["randomised contrast", "single-arm"]
    assert any("Designs stand apart" in line for line in found.warnings)


def test_control_arms_stand_beside_studies_without_a_control_alone():
    assert chosen_pool("ra", "ACR20").controls
    drugs = chosen_pool("ra", "ACR20", of="drugs")
    assert drugs.controls == ()
    pooled = [one for one in chosen_pool("ra", "ACR20").controls if one.pooled]
    assert [(one.n, one.interval.estimate) for one in pooled] == [(8406, 0.29)]


def test_a_forest_of_two_designs_has_an_axis_for_each_and_no_pool_across():
    panels = pool_view(chosen_pool("ra", "ACR20"), None).panels
    assert [panel.null is not None for panel in panels] == [True, False]
    assert all(group.pooled is None for panel in panels for group in panel.groups)


def test_places_of_a_forest_lie_on_the_axis_and_in_order():
    for panel in pool_view(chosen_pool("ra", "ACR50", of="placebo"), None).panels:
        rows = [row for group in panel.groups for row in group.rows]
        assert len(rows) == 19
        for row in rows:
            assert 0 <= row.bar.low <= row.bar.at <= row.bar.high <= 100


def test_a_funnel_of_few_studies_says_so_and_tests_nothing():
    (funnel,) = pool_view(chosen_pool("cd", "REMISSION"), None).funnels
    assert "too few" in funnel.lines[0]
    assert not any("Egger" in line for line in funnel.lines)
    (many,) = pool_view(chosen_pool("ra", "ACR50", of="placebo"), None).funnels
    assert any("Egger" in line for line in many.lines)


def test_contours_meet_at_no_effect_and_stand_only_where_something_is_compared():
    funnel = Funnel("Title <&>", "Log risk ratio", ("A", "B"), (0.4, 0.9), (0.2, 0.5), 0.6, ())
    tree = ET.fromstring(funnel_figure(funnel, 0.0, "f"))
    contours = [one.get("d", "") for one in tree.iter() if "contour p" in (one.get("class") or "")]
    assert len(contours) == 4
    tops = {point for path in contours for point in path.strip("MZ").split("L") if ",16.0" in point}
    assert len(tops) == 1
    bare = ET.fromstring(funnel_figure(funnel, None, "f"))
    assert not any("contour" in (one.get("class") or "") for one in bare.iter())


def test_predictions_stand_on_the_axis_of_the_study_that_they_are_of():
    row = {
        "study": "forbes2014_cd", "arm": "msc", "our_endpoint": "REMISSION@6", "week": 6.0,
        "measure": "responder", "observed": 8 / 15, "predicted": 0.2, "low80": 0.0, "high80": 0.6,
        "inside80": True, "inside95": True, "without_effect": 0.07,
    }  # fmt: skip
    view = pool_view(chosen_pool("cd", "REMISSION"), {"rows": [row]})
    rows = {row.study: row for group in view.panels[0].groups for row in group.rows}
    assert rows["forbes2014_cd"].predicted.at == pytest.approx(20.0)
    assert rows["onken2006_cd"].predicted is None
    assert view.predicted[0].predicted == "20 % (0 % to 60 %)"


def test_the_document_of_a_forest_holds_nothing_that_is_no_number():
    for names in (None, ["forbes2014_cd"], []):
        found = chosen_document(chosen_pool("cd", "REMISSION", studies=names))
        assert json.loads(json.dumps(found, allow_nan=False))["endpoint"] == "REMISSION"


def test_claims_are_filtered_by_disease_before_they_are_judged():
    document = unjudged_register()
    assert len(document["claims"]) == 30
    chosen = filter_claims(document, disease="ra")
    assert 0 < len(chosen) < 30
    assert all("ra" in claim["diseases"] for claim in chosen)
    assert len({claim["anchor"] for claim in document["claims"]}) == 30


def test_an_unknown_verdict_is_refused():
    with pytest.raises(InputError, match="unknown verdict"):
        filter_claims(unjudged_register(), verdict="suported")


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("zeng2016_ln", 2016),
        ("lazebnik2010_uc", 2010),
        ("kafaja2017_ra", 2017),
        ("armada_ra", None),
    ],
)
def test_the_year_of_a_study_is_its_own_and_not_that_of_the_review_that_lists_it(name, year):
    assert entry_of(name).year == year
