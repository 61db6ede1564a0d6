"""Where protocol, model and product meet: each wrong name with file, line and nearest one."""

import pytest

from funis.trial import check

RULE = """rules:
  - id: made_up
    visits: [4]
    when: {when}
    action: {action}
"""
GIVE = "{give: [{product: uc_msc_reference, dose_cell: 7.0e+7, route: iv, schedule: {days: [0]}}]}"
DRUG = "      - {drug: anti_tnf, dose: 1.0, schedule: {start_day: 0, continuous: true}}\n"


def told(plan):
    return [str(issue) for issue in check(plan.protocol, plan.model, plan.products)]


def test_a_right_protocol_has_no_issue(study):
    assert told(study(end=RULE.format(when="change(DAS28_CRP) > -1.2", action=GIVE))) == []


@pytest.mark.parametrize(
    ("change", "place", "message", "near"),
    [
        (("disease: ra", "disease: raa"), ":3: disease", "unknown disease 'raa'", None),
        (("route: iv", "route: ivv"), "route", "unknown route 'ivv' for the disease 'ra'", "iv"),
        (("product: uc_msc_reference", "product: uc_msc_refernce"), "product",
         "unknown product 'uc_msc_refernce'", "uc_msc_reference"),
        (("endpoint: ACR20", "endpoint: ACR2"), "endpoints[0].endpoint",
         "unknown endpoint 'ACR2' for the disease 'ra'", "ACR20"),
        (("tjc68 >= 4", "tjc680 >= 4"), "population.criteria[0].expression",
         "unknown name in a criterion 'tjc680' for the disease 'ra'", "tjc68"),
        (("age_year >= 18", "age_years >= 18"), "population.criteria[1].expression",
         "unknown name in a criterion 'age_years' for the disease 'ra'", "age_year"),
        (("seed: 5", "seed: 5\nscenario: {potencyy: 0}"), "scenario.potencyy",
         "unknown parameter 'potencyy' for the disease 'ra'", "potency"),
        (("label: Cells", "label: Cells\n    scenario: {viabilty: 0.5}"),
         "arms[1].scenario.viabilty", "unknown parameter 'viabilty' for the disease 'ra'",
         "viability"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_provides(study, change, place, message, near):
    # the success rule names the endpoint too, so that both are changed alike
    twin = ("endpoint: ACR20\n", "endpoint: ACR2\n")
    changes = (change, twin) if "ACR2'" in message else (change,)
    found = told(study(*changes))
    assert len(found) == 1, found
    assert "small.yaml:" in found[0]
    assert place in found[0]
    assert message in found[0]
    assert "expected one of " in found[0]
    if near:
        assert found[0].endswith(f"did you mean '{near}'?")


def test_a_drug_that_the_disease_lacks(study):
    plan = study(("visits:\n", DRUG.replace("anti_tnf", "anti_tfn") + "visits:\n"))
    (found,) = told(plan)
    assert "arms[1].interventions[1].drug: unknown drug 'anti_tfn'" in found
    assert found.endswith("did you mean 'anti_tnf'?")


@pytest.mark.parametrize(("when", "name"), [("tjc86 > 3", "tjc86"), ("change(DAS28) > 0", "DAS28")])
def test_a_name_in_a_rule(study, when, name):
    (found,) = told(study(end=RULE.format(when=when, action=GIVE)))
    assert "rules[0].when" in found
    assert f"unknown name in a rule '{name}' for the disease 'ra'" in found
    assert "did you mean" in found


def test_what_a_rule_gives(study):
    (found,) = told(
        study(end=RULE.format(when="tjc68 > 3", action=GIVE.replace("route: iv", "route: im")))
    )
    assert "rules[0].action.give[0].route: unknown route 'im'" in found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("endpoint: DAS28_CRP", "endpoint: ACR50"),
         "'ACR50' cannot be reported as change; expected responder"),
        (("measure: change, role", "measure: responder, role"),
         "'DAS28_CRP' cannot be reported as responder; expected change or value"),
    ],
)  # fmt: skip
def test_a_measure_that_does_not_fit_its_endpoint(study, change, words):
    found = told(study(change))
    assert len(found) == 1
    assert found[0].endswith(words)
    assert "endpoints[" in found[0]


def test_one_product_an_arm(study):
    other = (
        "      - {product: bm_msc_reference, dose_cell: 1.0e+7, route: iv, schedule: {days: [0]}}\n"
    )
    plan = study(("visits:\n", other + "visits:\n"))
    found = told(plan)
    assert any("arm 'msc' gives 2 products; expected one product an arm" in text for text in found)


def test_a_rule_counts_as_giving_a_product_to_its_arms(study):
    action = GIVE.replace("uc_msc", "bm_msc")
    found = told(study(end=RULE.format(when="tjc68 > 3", action=action)))
    assert [text for text in found if "gives 2 products" in text]
    assert not [text for text in found if "'placebo' gives" in text]


def test_every_fault_is_told_at_once(study):
    found = told(study(("route: iv", "route: ivv"), ("tjc68 >= 4", "tjc86 >= 4")))
    assert len(found) == 2


def test_a_structure_that_the_disease_does_not_have_is_one_line(study):
    for change in (
        ("seed: 5", "seed: 5\nstructures: [boosting, m2_tgfb_reparative]"),
        ("label: Cells", "label: Cells\n    structures: [boosting, m2_tgfb_reparative]"),
    ):
        (line,) = told(study(change))
        assert "structures[1]" in line
        assert "the disease 'ra' does not have the structure 'm2_tgfb_reparative'" in line
        assert "expected one of dose_flat, " in line
        assert "vegf_pannus" in line


def test_a_run_in_longer_than_the_disease_is_known_is_one_line(study):
    longest = study(("run_in_week: 4", "run_in_week: 50"))
    assert told(longest) == []
    lines = told(study(("run_in_week: 4", "run_in_week: 51")))
    assert len(lines) == 1
    assert "population.run_in_week: screening and run-in begin on day -371" in lines[0]
