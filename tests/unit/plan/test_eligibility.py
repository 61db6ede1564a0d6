"""Each criterion is met, is not met, or cannot be told because of a value that is named."""

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.models import library_folder, load_model
from funis.pipeline.check import check_file
from funis.plan.consultation import read_consultation
from funis.plan.consulted import Consultation, Measured, Medication, PreviousInfusion
from funis.plan.criteria import library_rules, load_rules
from funis.plan.eligibility import judge_eligibility, worst
from funis.plan.facts import open_wash_outs
from funis.plan.severity import limits_of, severity_names
from funis.product import library_product
from funis.protocol import load_protocol

TRIALS = sorted((library_folder() / "trials").glob("*.yaml"))
FULL = replace(
    read_consultation("ra"),
    labs={
        "alt_fold": Measured(0.8, "fold of upper limit"),
        "platelets": Measured(260, "1e9/L"),
        "leucocytes": Measured(6.8, "1e9/L"),
        "haemoglobin": Measured(13.1, "g/dL"),
        "inr": Measured(1.0, "ratio"),
    },
)


def trial(name="ra_demo"):
    return load_protocol(library_folder() / "trials" / f"{name}.yaml")


def judged(consultation, routes=("iv", "it"), name="ra_demo"):
    protocol = trial(name)
    return judge_eligibility(consultation, protocol, load_model(protocol.disease), routes)


def judgement(name, consultation):
    return next(one for one in judged(consultation).judgements if one.id == name)


def taking(drug, drug_class, **how):
    return (*FULL.medication, Medication(drug, drug_class, **how))


def without(lab):
    return {name: value for name, value in FULL.labs.items() if name != lab}


def with_lab(lab, value):
    return {**FULL.labs, lab: replace(FULL.labs[lab], value=value)}


CELLS = (PreviousInfusion("umbilical_cord", 2, 30, True),)
ASKED_NOT = {"comorbidities": None}
EXAMPLES = {
    "adult": ({"age_year": 70}, {"age_year": None}),
    "not_pregnant": ({"pregnant": True}, {"pregnant": None}),
    "not_breastfeeding": ({"breastfeeding": True}, {"breastfeeding": None}),
    "no_active_infection": ({"infection": "active"}, {"infection": None}),
    "no_chronic_infection": ({"infection": "chronic"}, {"infection": None}),
    "no_recent_malignancy": ({"malignancy": "within_5_years"}, {"malignancy": None}),
    "no_recent_thrombosis": ({"thrombosis_risk": "recent_event"}, {"thrombosis_risk": None}),
    "no_earlier_thrombosis": ({"thrombosis_risk": "past_event"}, {"thrombosis_risk": None}),
    "no_bleeding_disorder": ({"comorbidities": ("bleeding_disorder",)}, ASKED_NOT),
    "no_dmso_allergy": ({"allergies": ("dmso",)}, {"allergies": None}),
    "no_product_allergy": ({"allergies": ("human_albumin",)}, {"allergies": None}),
    "no_anti_hla": ({"anti_hla": True}, {"anti_hla": None}),
    "no_reaction_before": ({"previous_infusions": CELLS}, {"previous_infusions": None}),
    "no_cells_before": ({"previous_infusions": CELLS}, {"previous_infusions": None}),
    "no_transplant": ({"comorbidities": ("organ_transplant",)}, ASKED_NOT),
    "no_immune_deficiency": ({"comorbidities": ("immune_deficiency",)}, ASKED_NOT),
    "kidney": ({"renal_egfr": 25.0}, {"renal_egfr": None}),
    "liver": ({"labs": with_lab("alt_fold", 5)}, {"labs": without("alt_fold")}),
    "blood_count": ({"labs": with_lab("platelets", 20)}, {"labs": without("platelets")}),
    "heart": ({"comorbidities": ("heart_failure",)}, ASKED_NOT),
    "no_live_vaccine": ({"live_vaccine": True}, {"live_vaccine": None}),
    "wash_outs": (
        {"medication": taking("rituximab", "anti_cd20", stopped_week=20.0)}, {"medication": None},
    ),
    "no_jak_inhibitor": (
        {"medication": taking("tofacitinib", "jak_inhibitor")}, {"medication": None},
    ),
    "steroid_stable": (
        {"medication": taking("prednisone", "steroid", since_week=1.0)},
        {"medication": taking("prednisone", "steroid")},
    ),
    "steroid_dose": (
        {"medication": taking("methylprednisolone", "steroid", dose=9.0, unit="mg_per_day")},
        {"medication": taking("dexamethasone", "steroid", dose=1.0, unit="mg_per_day")},
    ),
    "no_anticoagulant": ({"medication": taking("apixaban", "anticoagulant")}, {"medication": None}),
    "no_platelet_inhibitor": (
        {"medication": taking("clopidogrel", "antiplatelet")}, {"medication": None},
    ),
    "clotting": ({"labs": with_lab("inr", 2)}, {"labs": without("inr")}),
}  # fmt: skip


def test_every_general_criterion_has_an_example_of_each_verdict():
    assert list(EXAMPLES) == [one.id for one in library_rules().criteria]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_general_criterion_is_met_is_not_met_or_cannot_be_told(name):
    refused, unknown = EXAMPLES[name]
    assert judgement(name, FULL).verdict == "meets"
    against = judgement(name, replace(FULL, **refused))
    assert against.verdict == "does not meet"
    assert against.value is not None
    assert against.missing == ()
    assert "Asked" in against.reason
    vague = judgement(name, replace(FULL, **unknown))
    assert vague.verdict == "cannot tell"
    (field,) = unknown
    assert any(one.split(".")[0] == field for one in vague.missing)
    assert vague.missing[0] in vague.reason
    assert all(one.source for one in (against, vague))


@pytest.mark.parametrize(
    ("change", "name", "verdict", "said"),
    [
        ({"allergies": ("dmso",)}, "no_dmso_allergy", "does not meet", "allergy dmso: yes"),
        ({"pregnant": True}, "not_pregnant", "does not meet", "pregnant: yes"),
        ({"infection": "active"}, "no_active_infection", "does not meet", "infection active: yes"),
        (
            {"labs": without("platelets")},
            "blood_count",
            "cannot tell",
            "Not known: labs.platelets.",
        ),
    ],
)
def test_the_cases_that_matter_most_are_told_with_their_reason(change, name, verdict, said):
    found = judged(replace(FULL, **change))
    one = next(one for one in found.judgements if one.id == name)
    assert one.verdict == verdict == found.verdict
    assert said in one.reason


def test_a_man_need_not_be_asked_whether_he_is_pregnant():
    man = replace(FULL, sex="male", pregnant=None, breastfeeding=None)
    assert judgement("not_pregnant", man).verdict == "meets"
    nobody = replace(man, sex=None)
    assert judgement("not_pregnant", nobody).missing == ("sex", "pregnant")


def test_a_low_count_is_not_met_even_if_the_others_are_missing():
    low = replace(FULL, labs={"platelets": Measured(20, "1e9/L")})
    assert judgement("blood_count", low).verdict == "does not meet"


def test_what_concerns_one_route_is_asked_for_that_route_only():
    by_vein = [one.id for one in judged(FULL, ("iv",)).judgements]
    by_spine = [one.id for one in judged(FULL, ("it",)).judgements]
    assert "clotting" not in by_vein
    assert "clotting" in by_spine
    assert "no_earlier_thrombosis" not in by_spine


def test_what_concerns_frozen_or_foreign_cells_is_asked_for_those_only():
    product = library_product("uc_msc_reference")
    fresh = replace(product, cryopreserved=False)
    own = replace(product, allogeneic=False)
    asked = {
        name: {
            one.id
            for one in judge_eligibility(
                FULL, trial(), load_model("ra"), ("iv",), product=given_product
            ).judgements
        }
        for name, given_product in (("frozen", product), ("fresh", fresh), ("own", own))
    }
    assert {"no_dmso_allergy", "no_anti_hla"} <= asked["frozen"]
    assert asked["frozen"] - asked["fresh"] == {"no_dmso_allergy"}
    assert asked["frozen"] - asked["own"] == {"no_anti_hla"}


def test_the_age_of_the_trial_stands_before_the_general_one():
    child = read_consultation("t1d")
    found = judged(child, ("iv",), "t1d_demo")
    assert "adult" not in [one.id for one in found.judgements]
    assert next(one for one in found.judgements if one.id == "age").verdict == "meets"


CANDIDATES = (-1.0, 0.0, 1.0)


def settled(protocol, criterion, wanted):
    """Find a consultation that gives a criterion of a trial one verdict, by trying values."""
    model = load_model(protocol.disease)
    names = sorted(criterion.expression.names)
    numbers = {float(x) for x in re.findall(r"\b\d+\.?\d*", criterion.expression.text)}
    tried = sorted({n + d for n in (*numbers, 0.0) for d in CANDIDATES} | {n / 2 for n in numbers})
    choices = []
    for name in names:
        low, high = limits_of(name, model)
        few = [one for one in tried if max(low, 0.0) <= one <= high]
        choices.append(few or [low])
    for values in itertools.product(*choices):
        given_values = dict(zip(names, values, strict=True))
        one = consultation_with(given_values, model)
        found = judge_eligibility(one, protocol, model, ("iv",))
        mine = next(one for one in found.judgements if one.id == criterion.id)
        if mine.verdict == wanted:
            return mine
    return None


def consultation_with(values, model):
    own = {name: values[name] for name in values if name in severity_names(model)}
    drugs = tuple(
        Medication("some", name.removeprefix("background_"))
        for name, value in values.items()
        if name.startswith("background_") and value > 0
    )
    failures = ("adalimumab", "tocilizumab", "rituximab", "abatacept")
    return Consultation(
        "invented", model.id, values.get("weight_kg", 70.0), values.get("age_year"),
        duration_year=values.get("duration_year"), severity=own, medication=drugs,
        prior_failures=failures[: int(values.get("prior_failures", 0))],
    )  # fmt: skip


def distinct():
    """Return each criterion of the library's trials once for each disease."""
    seen = {}
    for path in TRIALS:
        protocol = load_protocol(path)
        for one in protocol.population.criteria:
            seen.setdefault((protocol.disease, one.expression.text), (path.stem, one.id))
    return sorted(seen.values())


@pytest.mark.parametrize(("name", "criterion"), distinct())
def test_a_criterion_of_a_trial_is_met_is_not_met_or_cannot_be_told(name, criterion, monkeypatch):
    monkeypatch.setattr("funis.plan.eligibility.drug_notes", lambda *_: ())
    protocol = trial(name)
    protocol = replace(
        protocol,
        population=replace(
            protocol.population,
            criteria=tuple(one for one in protocol.population.criteria if one.id == criterion),
        ),
    )
    asked = protocol.population.criteria[0]
    assert settled(protocol, asked, "meets") is not None
    assert settled(protocol, asked, "does not meet") is not None
    nobody = Consultation("invented", protocol.disease, 70.0)
    found = judged_own(nobody, protocol)
    assert found.verdict == "cannot tell"
    assert found.missing
    assert found.source


def judged_own(consultation, protocol):
    model = load_model(protocol.disease)
    return judge_eligibility(consultation, protocol, model, ("iv",)).judgements[0]


def test_a_score_is_told_from_the_components_that_are_known():
    sick = Consultation("x", "uc", 70.0, severity={"stool_frequency": 3, "bleeding": 3})
    uc = [one for one in judged(sick, ("iv",), "uc_demo").judgements if one.origin == "protocol"]
    told = {one.id: one for one in uc}
    assert told["active_disease"].verdict == "meets"  # 6 of the 12 points are there already
    assert told["visible_inflammation"].verdict == "cannot tell"
    assert told["bleeding_and_stools"].verdict == "meets"


def test_the_whole_verdict_is_the_worst_of_all():
    assert worst(["meets", "cannot tell", "does not meet"]) == "does not meet"
    assert worst(["meets", "cannot tell"]) == "cannot tell"
    assert worst(["meets"]) == worst([]) == "meets"


@pytest.mark.parametrize(
    ("name", "verdict", "because"),
    [
        ("as", "meets", ()),
        ("ra", "meets", ()),
        ("cd", "does not meet", ("no_dmso_allergy",)),
        ("ms", "does not meet", ("wash_outs",)),
        ("uc", "does not meet", ("wash_outs", "no_jak_inhibitor")),
        ("sle", "cannot tell", ("blood_count",)),
        ("ssc", "cannot tell", ("no_reaction_before", "no_cells_before")),
        ("t1d", "cannot tell", ("no_anti_hla",)),
    ],
)
def test_the_virtual_patients_of_the_library_are_what_their_files_say(name, verdict, because):
    found = judged(read_consultation(name), ("iv",), f"{name}_demo")
    assert found.verdict == verdict
    assert tuple(one.id for one in found.judgements if one.verdict != "meets") == because


def test_a_jak_inhibitor_lowers_licensing_in_the_model_and_the_number_is_shown():
    found = judged(read_consultation("uc"), ("iv",), "uc_demo")
    (note,) = found.notes
    without_drug, with_drug = map(float, re.findall(r"([\d.]+) -> ([\d.]+) per day", note)[0])
    assert 0 < with_drug < 0.6 * without_drug
    assert "tofacitinib, in the model at the standard dose" in note
    assert judged(FULL).notes == ()


def test_a_wash_out_says_how_long_it_was_and_how_long_was_asked():
    early = replace(FULL, medication=taking("rituximab", "anti_cd20", stopped_week=20.0))
    (words,) = open_wash_outs(early)
    assert words.startswith(
        "B-cell depletion (rituximab) off for 20 weeks, 52 weeks asked [phase II"
    )


@given(st.floats(0, 200), st.floats(0, 200))
def test_a_longer_wash_out_never_opens_what_was_closed(first, second):
    shorter, longer = sorted((first, second))
    open_then = open_wash_outs(
        replace(FULL, medication=taking("rituximab", "anti_cd20", stopped_week=shorter))
    )
    open_later = open_wash_outs(
        replace(FULL, medication=taking("rituximab", "anti_cd20", stopped_week=longer))
    )
    assert len(open_later) <= len(open_then)


@given(st.sets(st.sampled_from(sorted(
    {"age_year", "sex", "pregnant", "infection", "malignancy", "anti_hla", "comorbidities",
     "allergies", "renal_egfr", "previous_infusions", "thrombosis_risk", "live_vaccine"}
))))  # fmt: skip
def test_knowing_less_never_turns_one_answer_into_the_other(forgotten):
    rules, model, protocol = library_rules(), load_model("ra"), trial()
    known = judge_eligibility(FULL, protocol, model, ("iv",), rules=rules)
    vague = judge_eligibility(
        replace(FULL, **dict.fromkeys(forgotten)), protocol, model, ("iv",), rules=rules
    )
    for before, after in zip(known.judgements, vague.judgements, strict=True):
        assert after.verdict in (before.verdict, "cannot tell")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("anti_hla < 1", "anti_hlaa < 1", "unknown name 'anti_hlaa'"),
        ("id: not_breastfeeding", "id: not_pregnant", "the criterion 'not_pregnant' stands twice"),
        ("expression: anti_hla < 1", "expression: anti_hla", "'anti_hla' is a number"),
        ("drug_class: anti_tnf", "drug_class: anti_tnff", "did you mean 'anti_tnf'"),
        ("route_it > 0", "route_itt > 0", "unknown name 'route_itt'"),
    ],
)
def test_a_fault_in_the_file_of_criteria_is_one_line(tmp_path, old, new, said):
    text = (library_folder() / "eligibility.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "eligibility.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        load_rules(path, ("iv", "it", "ia"))
    assert check_file(path).kind == "eligibility"
    assert check_file(path).issues
