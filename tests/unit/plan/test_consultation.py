"""A consultation is read whole, or refused in one line that says where and what was expected."""

import pytest

from funis.checks import InputError, read_yaml
from funis.models import disease_ids, library_folder
from funis.pipeline.check import check_file
from funis.plan.consultation import consultation_of, library_consultations, read_consultation
from funis.plan.consulted import Measured, Medication

FILE = library_folder() / "consultations" / "ra.yaml"
TEXT = FILE.read_text(encoding="utf-8")


def changed(folder, old, new):
    assert old in TEXT
    path = folder / "one.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_consultation(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_there_is_one_virtual_patient_for_each_disease():
    assert library_consultations() == tuple(sorted(disease_ids()))
    for name in library_consultations():
        assert read_consultation(name).disease == name
        assert (
            check_file(library_folder() / "consultations" / f"{name}.yaml").kind == "consultation"
        )


def test_a_file_becomes_a_value():
    found = read_consultation(FILE)
    assert (found.id, found.sex, found.weight_kg) == ("ra_virtual", "female", 89)
    assert found.severity["tjc28"] == 20
    assert found.labs["platelets"] == Measured(260, "1e9/L")
    assert found.medication[0] == Medication("methotrexate", "mtx", 15, "mg_per_week", 120)
    assert found.allergies == ("pollen",)
    assert found.previous_infusions == ()
    assert found.where == str(FILE)


def test_what_is_left_out_is_not_known_and_nothing_is_none(tmp_path):
    path = changed(tmp_path, "allergies: [pollen]\n", "")
    found = read_consultation(path)
    assert found.allergies is None
    assert found.comorbidities == ("hypertension",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight_kg: 89", "weight_kg: 0", ":9: weight_kg: 0 is too small; expected"),
        ("weight_kg: 89", "weight_kg: 700", ":9: weight_kg: 700 is too large; expected"),
        ("weight_kg: 89\n", "", "weight_kg: key is missing"),
        ("  crp: 8", "  crp: 8\n  DAS28_CRP: 3.1", "3.1 contradicts its components, which give"),
        ("tjc28: 20", "tjc28: 40", "severity.tjc28: 40 cannot be; expected 0 to 28"),
        ("  haq:", "  haqq:", "'haqq' is no component or score of the disease 'ra'"),
        ("drug: naproxen", "drug: naproxenn", "unknown drug 'naproxenn'; did you mean 'naproxen'"),
        ("drug: naproxen", "drug: methotrexate", "[1].drug: 'methotrexate' is taken twice"),
        ("since_week: 60", "since_week: 60, stopped_week: 70", "stopped 70 weeks ago, and begun"),
        ("dose: 500, unit: mg_per_day, ", "dose: 500, ", "a dose without its unit"),
        ("unit: mg_per_week", "unit: mg_per_wek", "did you mean 'mg_per_week'"),
        ("prior_failures: []", "prior_failures: [anti_tnff]", "did you mean 'anti_tnf'"),
        ("[pollen]", "[dsmo]", "unknown allergy 'dsmo'; expected one of"),
        ("[hypertension]", "[hypertonsion]", "did you mean 'hypertension'"),
        ("value: 260, unit: 1e9/L", "value: 260, unit: g/L", "'g/L' is not its unit; expected"),
        ("  platelets:", "  platlets:", "unknown test 'platlets'; expected one of"),
        ("value: 260", "value: 26000", "labs.platelets.value: 26000 cannot be"),
        ("labs:", "labs:\n  crp: {value: 30, unit: mg/L}", "30, and 8 under severity"),
        ("height_cm: 167", "height_cm: 67", "a body-mass index of 198"),
        ("duration_year: 3.7", "duration_year: 60", "ill for 60 years at an age of 55"),
        ("infection: none", "infection: maybe", "unknown infection 'maybe'; expected one of"),
        ("disease: ra", "disease: rra", "unknown disease 'rra'; expected one of"),
        ("virtual: true", "virtual: false", "a patient who is not virtual has no place here"),
        ("anti_hla", "anti_hlaa", "anti_hlaa: unknown key; did you mean 'anti_hla'"),
        ("id: ra_virtual", "id: ra_virtual\nname: x", "5: name: the field 'name' could point to"),
        ("age_year: 55", "date_of_birth: x", "date_of_birth: the field 'date_of_birth' could"),
        ("[less_pain,", "['Mr Smith',", "goals[0]: a name could point to a person"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place_and_what_was_expected(tmp_path, old, new, said):
    assert said in refusal(changed(tmp_path, old, new))


def test_a_man_is_not_pregnant(tmp_path):
    path = tmp_path / "one.yaml"
    text = TEXT.replace("sex: female", "sex: male").replace("pregnant: false", "pregnant: true")
    path.write_text(text, encoding="utf-8")
    assert "pregnant: a man who is pregnant; expected false, or sex: female" in refusal(path)


def test_a_score_that_its_components_give_is_no_contradiction(tmp_path):
    path = changed(tmp_path, "  crp: 8", "  crp: 8\n  DAS28_CRP: 6.6")
    assert read_consultation(path).severity["DAS28_CRP"] == 6.6


def test_a_score_beside_some_of_its_components_may_be_what_the_others_leave_open(tmp_path):
    text = TEXT.replace("  ptga: 94\n", "  DAS28_CRP: 5.9\n")
    path = tmp_path / "one.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_consultation(path).severity["DAS28_CRP"] == 5.9
    path.write_text(text.replace("5.9", "4.9"), encoding="utf-8")
    assert "contradicts its components, which give 5.265 to 6.665" in refusal(path)


def test_an_unknown_name_says_which_there_are():
    assert "unknown consultation 'rra'" in refusal("rra")
    assert "did you mean 'ra'" in refusal("rra")


def test_a_document_of_another_format_is_checked_as_a_file_is():
    document = read_yaml(FILE)
    assert consultation_of(document) == read_consultation(FILE)
