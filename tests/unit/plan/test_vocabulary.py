"""Every drug has a class and a source, and every drug of a model a name here."""

import re

import pytest

from funis.checks import InputError
from funis.models import disease_ids, library_folder, load_model
from funis.plan.vocabulary import library_drugs, load_drugs

FILE = library_folder() / "drug_names.yaml"
NOT_TAKEN = {"ifn", "il10", "steroid_taper"}
"""Inputs of models that nobody takes at a consultation: research substances and a taper."""


def test_every_drug_of_a_model_is_a_class():
    inputs = {
        one.id for name in disease_ids() for one in load_model(name).inputs if one.kind == "drug"
    }
    assert inputs - set(library_drugs().classes) == NOT_TAKEN


def test_every_class_has_a_drug_and_every_drug_a_source():
    drugs = library_drugs()
    assert {one.drug_class for one in drugs.drugs.values()} == set(drugs.classes)
    assert all(one.source for one in drugs.drugs.values())
    assert all(one.source for one in drugs.classes.values() if one.wash_out_week is not None)


def test_the_class_of_a_drug_of_the_evidence_is_that_of_its_study():
    text = (library_folder() / "evidence" / "pharmacology.yaml").read_text(encoding="utf-8")
    pairs = re.findall(
        r"mechanism: anti-(TNF|IL-6R|CD20|BAFF|IFNAR)\n(?:.*\n){2}.*drug: (\w+)", text
    )
    assert len(pairs) > 8
    drugs = library_drugs()
    for mechanism, name in pairs:
        plain = "anti_" + mechanism.lower().replace("-", "")
        if name in drugs.drugs:
            assert drugs.drugs[name].drug_class == plain


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{class: mtx,", "{class: mtxx,", "unknown class 'mtxx'"),
        ("{class: natalizumab,", "{class: insulin,", "'natalizumab' is a class too"),
        ("wash_out_week: 13, source: anti_tnf_washout", "wash_out_week: 13", "a wash-out without"),
    ],
)
def test_a_fault_in_the_names_of_drugs_is_one_line(tmp_path, old, new, said):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "drug_names.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        load_drugs(path)
