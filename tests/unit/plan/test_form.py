"""The form of a consultation: what it asks, in which range, why, and what is wrong with a field."""

import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.models import disease_ids, load_model
from funis.pipeline.planning.form import (
    checked_field,
    consultation_form,
    consultation_from,
    consultation_from_text,
)
from funis.plan import Consultation
from funis.plan.consultation import library_consultations, read_consultation
from funis.plan.consultation_text import consultation_data, consultation_yaml, field_fault
from funis.plan.form import weight_bands
from funis.plan.limits import library_limits, weight_band
from funis.plan.privacy import names_person
from funis.plan.severity import severity_names

NOT_ASKED = {"id", "disease", "where", "severity", "labs"}
"""What is no field: what the form is for, and groups of fields."""


@pytest.fixture(scope="module", params=sorted(disease_ids()))
def form(request):
    return consultation_form(request.param)


def test_the_form_asks_everything_that_a_consultation_may_hold(form):
    heads = {one.key.partition(".")[0] for one in form.fields}
    assert {one.name for one in fields(Consultation)} - NOT_ASKED <= heads
    severity = {one.key for one in form.fields if one.key.startswith("severity.")}
    names = severity_names(load_model(form.disease))
    assert severity == {f"severity.{name}" for name in names}
    assert len({one.key for one in form.fields}) == len(form.fields)


def test_no_field_takes_free_text_or_asks_who_somebody_is(form):
    for one in form.fields:
        assert one.kind in (
            "number", "yes_no", "presence", "choice", "words", "band", "medication", "infusions"
        )  # fmt: skip
        assert not names_person(one.key.rpartition(".")[2])
        assert one.choices or one.kind in ("number", "yes_no", "presence")


def test_a_number_just_outside_of_the_range_of_its_field_is_refused(form):
    base = {"id": "edge", "virtual": True, "disease": form.disease, "weight_kg": 70}
    numbers = [one for one in form.fields if one.kind == "number"]
    for one in (*numbers[:6], *numbers[-3:]):
        head, _, name = one.key.partition(".")
        for value in (one.low - 0.5, one.high + 0.5):
            said = {"value": value, "unit": one.unit} if head == "labs" else value
            data = {**base, head: {name: said} if name else value}
            assert field_fault(data, one.key) is not None, (one.key, value)


def test_a_criterion_stands_with_every_field_that_its_score_is_computed_from():
    asked = {one.key: one.asked_by for one in consultation_form("uc").fields}
    for part in ("stool_frequency", "bleeding", "endoscopy", "global_assessment"):
        assert any("MAYO" in text for text in asked[f"severity.{part}"])
    assert any("DMSO" in text for text in asked["allergies"])


def test_a_criterion_of_another_route_is_not_said_to_be_asked():
    by_vein = {one.key: one.asked_by for one in consultation_form("ra").fields}
    into_fluid = {
        one.key: one.asked_by for one in consultation_form("ms", None, "advertised").fields
    }
    assert not by_vein["labs.inr"]
    assert into_fluid["labs.inr"]


def test_every_weight_of_a_consultation_lies_in_one_band_of_the_form():
    middles = [float(one.value) for one in weight_bands()]
    limits = library_limits()
    for weight in (10.0, 72.4, 72.5, 300.0):
        assert float(weight_band(weight, limits).middle_kg) in middles


@pytest.mark.parametrize("name", library_consultations())
def test_the_text_of_a_consultation_reads_as_what_it_was_made_from(name):
    known = read_consultation(name)
    assert consultation_from_text(consultation_yaml(known), f"{name}.yaml") == known
    assert consultation_from(consultation_data(known)) == known


@given(st.floats(0.1, 400.0), st.floats(1e-6, 110.0))
def test_any_number_is_written_so_that_it_reads_the_same(crp, years):
    known = Consultation("any", "ra", 70.0, age_year=110.0, duration_year=years,
                         severity={"crp": crp})  # fmt: skip
    assert consultation_from_text(consultation_yaml(known), "any.yaml") == known


def test_one_field_is_told_what_is_wrong_with_it_and_others_are_not():
    data = consultation_data(read_consultation("ra"))
    data["severity"] = {**data["severity"], "crp": 900}
    assert field_fault(data, "severity.crp") == "900 cannot be; expected 0.1 to 400."
    assert field_fault(data, "severity.esr") is None
    data["weight_kg"] = None
    assert "\n" not in field_fault(data, "weight_kg")


@pytest.mark.parametrize(
    ("key", "near"),
    [("foo", ""), ("severity.cpr", "severity.crp"), ("weight", "weight_kg"), ("", "")],
)
def test_a_field_that_no_consultation_has_is_refused_with_the_nearest(key, near):
    data = consultation_data(read_consultation("ra"))
    with pytest.raises(InputError, match=f"a consultation has no field '{key}'") as refused:
        field_fault(data, key)
    assert near in str(refused.value)


def test_every_field_of_the_form_can_be_asked_for(form):
    base = {"id": "edge", "virtual": True, "disease": form.disease, "weight_kg": 70}
    assert [field_fault(base, one.key) for one in form.fields] == [None] * len(form.fields)
    assert field_fault({**base, "medication": [{"drug": "x"}]}, "medication[0].drug")
    assert field_fault({"disease": "unheard_of"}, "severity.crp") is None


def test_a_contradiction_is_told_though_another_field_is_wrong_as_well():
    data = {**consultation_data(read_consultation("ra")), "sex": "male", "pregnant": True}
    data["age_year"] = 900
    assert "pregnant" in field_fault(data, "pregnant")


def test_one_field_of_a_file_is_checked(tmp_path):
    place = tmp_path / "one.yaml"
    place.write_text(consultation_yaml(read_consultation("ra")).replace("crp: 8", "crp: 1000"))
    assert checked_field(str(place), "severity.crp").startswith("1000 cannot be")
    assert checked_field(str(place), "severity.haq") is None


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ('{"resourceType": "Bundle"}', "a.json", "Bundle without the security label HTEST"),
        ("{", "a.json", "not JSON"),
        ("id: x\nname: Doe\n", "a.yaml", "could point to a person"),
        ("- 1\n", "../../etc/a.yaml", "a.yaml"),
        ("a: &x [1]\nb: *x\n", "a.yaml", "aliases"),
    ],
)
def test_a_text_that_is_no_consultation_is_refused_with_one_line_a_fault(text, name, line):
    with pytest.raises(InputError, match=re.escape(line)) as refused:
        consultation_from_text(text, name)
    assert "etc" not in str(refused.value)


def test_a_text_that_was_read_is_kept_nowhere(monkeypatch):
    from funis.checks import yaml_reader

    kept = {}
    yaml_reader.use_shelf(yaml_reader.Shelf(kept.get, kept.__setitem__))
    try:
        text = consultation_yaml(read_consultation("ra")).replace("ra_virtual", "ra_of_nobody")
        before = yaml_reader._packed.cache_info().currsize
        read_consultation("ra")
        shelved = len(kept)
        consultation_from_text(text, "secret.yaml")
    finally:
        yaml_reader.use_shelf(None)
    assert len(kept) == shelved
    assert yaml_reader._packed.cache_info().currsize <= before + 1
