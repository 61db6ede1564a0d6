import pytest

from funis.pipeline.drugs import (
    background_drugs,
    brand_classes,
    class_of,
    class_of_arm,
    classes_in,
    drug_inputs,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("anti-TNF", "anti_tnf"),
        ("anti-IL-6R", "anti_il6r"),
        ("JAK inhibitor", "jak_inhibitor"),
        ("CTLA4-Ig", "ctla4_ig"),
        ("anti-CD20", "anti_cd20"),
        ("anti-IL-17A", "anti_il17"),
        ("integrin", None),
        (None, None),
    ],
)
def test_a_published_mechanism_names_a_drug_input(ra, text, name):
    assert class_of(text, ra) == name


def test_a_mixture_has_no_class_of_its_own(ra):
    mixed = "mixed (anti-TNF, CTLA4-Ig, JAK inhibitor)"
    assert class_of(mixed, ra) is None
    assert set(classes_in(mixed, ra)) == {"anti_tnf", "ctla4_ig", "jak_inhibitor"}


def test_an_arm_is_known_by_its_drug_even_in_a_trial_of_another_class(ra, evidence):
    assert brand_classes(evidence, ra)["adalimumab"] == "anti_tnf"
    beam = evidence.study("rabeam_ra")
    assert class_of_arm(beam, "adalimumab", evidence, ra) == "anti_tnf"
    assert class_of_arm(beam, "baricitinib_4", evidence, ra) == "jak_inhibitor"


def test_background_drugs_are_those_that_patients_may_take_at_entry(ra):
    assert background_drugs(ra) == ("mtx", "steroid")
    assert {"mtx", "anti_tnf", "ifn"} <= set(drug_inputs(ra))
