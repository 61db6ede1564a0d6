"""A FHIR bundle of test data becomes a consultation; anything else is refused in one line."""

import copy
import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.checks import InputError
from funis.plan import Measured, Medication
from funis.plan.bundle_text import LARGEST
from funis.plan.fhir_in import read_bundle

LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
LOINC = "http://loinc.org"
WHO = {"subject": {"reference": "urn:uuid:7f0b1c1e-5a0d-4f51-9d53-6d1f2f1e7a10"}}


def resource(kind, **more):
    return {"resourceType": kind, "meta": {"security": [LABEL]}, **more}


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def number(value, code, **more):
    return {"valueQuantity": {"value": value, "code": code}, **more}


def observation(system, code, **more):
    return resource("Observation", status="final", code=coded(system, code), **WHO, **more)


@pytest.fixture
def bundle():
    upper = {"referenceRange": [{"high": {"value": 40, "code": "U/L"}}]}
    patient = {"patient": WHO["subject"]}
    dose = {"value": 15, "code": "mg/wk", "unit": "mg_per_week"}
    parts = [
        resource("Patient", gender="female"),
        observation(LOINC, "29463-7", **number(70, "kg")),
        observation(LOINC, "8302-2", **number(1.65, "m")),
        observation(LOINC, "30525-0", **number(52, "a")),
        observation(LOINC, "98979-8", **number(88, "mL/min/{1.73_m2}")),
        observation(LOINC, "777-3", **number(310, "10*3/uL")),
        observation(LOINC, "1742-6", **number(80, "U/L", **upper)),
        observation("urn:funis:severity", "DAS28_CRP", **number(5.6, "1")),
        observation("urn:funis:finding", "pregnant", valueBoolean=False),
        observation("urn:funis:finding", "infection", valueString="latent"),
        resource("Condition", code=coded("urn:funis:disease", "ra"), **WHO),
        resource("Condition", code=coded("urn:funis:comorbidity", "hypertension"), **WHO),
        resource("AllergyIntolerance", code=coded("urn:funis:allergy", "dmso"), **patient),
        resource(
            "MedicationStatement", status="active", **WHO,
            medicationCodeableConcept=coded("urn:funis:drug", "methotrexate"),
            dosage=[{"doseAndRate": [{"doseQuantity": dose}]}],
        ),
    ]  # fmt: skip
    entries = [{"resource": one} for one in parts]
    entries[0]["fullUrl"] = WHO["subject"]["reference"]
    return resource("Bundle", type="collection", entry=entries)


@pytest.fixture
def read(tmp_path):
    def reading(content):
        path = tmp_path / "bundle.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_bundle(path)

    return reading


@pytest.fixture
def refusal(read):
    def refused(content):
        with pytest.raises(InputError) as caught:
            read(content)
        lines = str(caught.value).splitlines()
        assert len(lines) == len(caught.value.issues)
        return [line.split("bundle.json", 1)[-1].lstrip(": ") for line in lines]

    return refused


def test_a_bundle_of_test_data_becomes_a_consultation(bundle, read):
    Bundle.model_validate(copy.deepcopy(bundle))  # what is read here is valid R4B
    found = read(bundle)
    assert (found.disease, found.weight_kg, found.sex) == ("ra", 70.0, "female")
    assert (found.age_year, found.height_cm, found.renal_egfr) == (52.0, 165.0, 88.0)
    assert found.severity == {"DAS28_CRP": 5.6}
    assert found.labs["platelets"] == Measured(310.0, "1e9/L")
    assert found.labs["alt_fold"].value == 2.0
    assert found.medication == (Medication("methotrexate", "mtx", 15.0, "mg_per_week"),)
    assert (found.allergies, found.comorbidities) == (("dmso",), ("hypertension",))
    assert (found.pregnant, found.infection, found.breastfeeding) == (False, "latent", None)


@pytest.mark.parametrize("place", range(14))
def test_one_resource_without_the_label_is_enough_to_refuse(place, bundle, refusal):
    del bundle["entry"][place]["resource"]["meta"]
    (line,) = refusal(bundle)
    assert line.startswith(f"entry[{place}].resource.meta.security: ")
    assert "without the security label HTEST" in line


def test_the_bundle_itself_needs_the_label_and_another_system_does_not_count(bundle, refusal):
    bundle["meta"]["security"] = [{"system": "http://loinc.org", "code": "HTEST"}]
    assert refusal(bundle)[0].startswith("meta.security: Bundle without")


@pytest.mark.parametrize(
    ("place", "key", "value", "path"),
    [
        (0, "name", [{"family": "Doe", "given": ["Jane"]}], "entry[0].resource.name"),
        (0, "birthDate", "1970-01-01", "entry[0].resource.birthDate"),
        (0, "telecom", [{"value": "+49 89 1234567"}], "entry[0].resource.telecom"),
        (0, "address", [{"line": ["1 Long Road"]}], "entry[0].resource.address"),
        (0, "identifier", [{"value": "A1"}], "entry[0].resource.identifier"),
        (1, "identifier", [{"value": "A1"}], "entry[1].resource.identifier"),
        (1, "effectiveDateTime", "2020-01-01", "entry[1].resource.effectiveDateTime"),
        (1, "note", [{"text": "call 089 1234567"}], "entry[1].resource.note[0].text"),
        (1, "note", [{"text": "Mrs Miller came"}], "entry[1].resource.note[0].text"),
        (1, "note", [{"text": "12 Long Street"}], "entry[1].resource.note[0].text"),
        (1, "id", "p12345678", "entry[1].resource.id"),
    ],
)
def test_what_could_point_to_a_person_is_refused_with_its_path(
    place, key, value, path, bundle, refusal
):
    bundle["entry"][place]["resource"][key] = value
    lines = refusal(bundle)
    assert lines[0].startswith(f"{path}: ")
    assert "could point to a person" in lines[0]
    assert not any(word in " ".join(lines) for word in ("Doe", "1234567", "Miller", "1970"))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"text": {"status": "generated"}}, "entry[1].resource.text: unknown key"),
        ({"performer": []}, "entry[1].resource.performer: unknown key"),
        ({"contained": [1]}, "entry[1].resource.contained: unknown key"),
        ({"resourceType": "MedicationRequest"}, "entry[1].resource.resourceType: unknown"),
        ({"valueQuantity": {"value": 70, "code": "[lb_av]"}}, "entry[1].resource.valueQuantity."),
        ({"valueQuantity": {"value": 700, "code": "kg"}}, "entry[1].resource: 700.0 is too large"),
        ({"valueQuantity": {"value": "70", "code": "kg"}}, "entry[1].resource.valueQuantity."),
        ({"valueQuantity": None}, "entry[1].resource.valueQuantity: no number"),
        ({"code": coded(LOINC, "9999-9")}, "entry[1].resource.code: no code that is read here"),
        ({"code": coded(LOINC, "8302-2")}, "entry[1].resource.valueQuantity.code: unit 'kg'"),
        ({"status": "entered-in-error"}, "entry[1].resource.status: "),
        ({"subject": {"reference": "Patient/Jane"}}, "entry[1].resource.subject.reference: "),
    ],
)
def test_every_field_that_is_not_read_is_refused_with_its_path(change, line, bundle, refusal):
    bundle["entry"][1]["resource"] |= change
    assert refusal(bundle)[0].startswith(line)


@pytest.mark.parametrize(
    ("display", "refused"),
    [
        ("Jane Doe", True), ("Doe, Jane", True), ("Jean-Luc O'Neill", True), ("J. Doe", True),
        ("Body weight", False), ("Platelets [#/volume] in Blood", False), ("kg", False),
    ],
)  # fmt: skip
def test_a_display_that_is_written_as_a_name_is_refused(display, refused, bundle, read, refusal):
    bundle["entry"][1]["resource"]["code"]["coding"][0]["display"] = display
    if refused:
        (line,) = refusal(bundle)
        assert line.startswith("entry[1].resource.code.coding[0].display: a name")
    else:
        assert read(bundle).weight_kg == 70.0


def test_a_value_given_twice_is_refused(bundle, refusal):
    bundle["entry"].append(bundle["entry"][1])
    assert refusal(bundle)[0].startswith("entry[14].resource: 'weight_kg' is given twice")


def test_liver_enzymes_need_the_upper_limit_of_the_laboratory(bundle, refusal):
    del bundle["entry"][6]["resource"]["referenceRange"]
    assert refusal(bundle)[0].startswith("entry[6].resource.referenceRange: no upper limit")


def test_an_unknown_drug_is_refused_at_its_place_with_the_nearest_name(bundle, refusal):
    bundle["entry"][13]["resource"]["medicationCodeableConcept"] = coded(
        "urn:funis:drug", "methotrexat"
    )
    (line,) = refusal(bundle)
    assert line.startswith("entry[13].resource: ")
    assert "did you mean 'methotrexate'?" in line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "not JSON"), ("{", "not JSON"), ("[]", "not a FHIR bundle"), ("3", "not a FHIR"),
        ("[" * 200_000, "values lie too deep"), ('{"a":' * 60 + "1" + "}" * 60, "values lie too"),
        ('{"a": NaN}', "NaN is no number"), ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ("9" * 6000, "a number has too many digits"), (" " * (LARGEST + 1), "more than"),
        ('{"resourceType": "Patient"}', "not a FHIR bundle"),
    ],
)  # fmt: skip
def test_what_is_no_bundle_gives_one_line(text, line, refusal):
    (found,) = refusal(text)
    assert line in found


def test_bytes_that_are_no_text_give_one_line(tmp_path):
    path = tmp_path / "bundle.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not text"):
        read_bundle(path)
    with pytest.raises(InputError, match="no such file"):
        read_bundle(tmp_path / "none.json")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab-1", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceType", "meta", "entry", "resource", "security", "code"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(place=st.integers(0, 13), key=st.sampled_from(["code", "meta", "status", "x"]), junk=JUNK)
@settings(max_examples=60, deadline=None)
def test_wrong_types_anywhere_give_lines_and_never_a_trace(place, key, junk, tmp_path_factory):
    entries = [{"resource": resource("Patient")} for _ in range(14)]
    entries[place]["resource"][key] = junk
    path = tmp_path_factory.mktemp("junk") / "bundle.json"
    path.write_text(json.dumps(resource("Bundle", type="collection", entry=entries)))
    with pytest.raises(InputError):
        read_bundle(path)


def test_a_plan_takes_a_bundle_where_it_takes_a_consultation(bundle, tmp_path):
    from funis.pipeline.planning.assemble import read_any

    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle))
    assert read_any(path) == read_bundle(path)
    assert read_any("ra").disease == "ra"


def test_every_code_of_the_library_leads_to_a_field_and_has_a_source():
    from funis.checks import read_yaml, validate
    from funis.models import library_folder
    from funis.plan import Consultation
    from funis.plan.bundle_schema import CodesSchema
    from funis.plan.vocabulary import library_words

    codes = validate(CodesSchema, read_yaml(library_folder() / "fhir_codes.yaml"))
    for one in codes.loinc.values():
        assert (one.field in Consultation.__slots__) != (one.lab in library_words().labs)
        assert one.source in codes.sources
