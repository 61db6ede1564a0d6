"""Models loaded from folders: values, hashes, what a wrong file is told."""

import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from funis.checks import InputError
from funis.models import disease_ids, find_disease, library_folder, load_model
from funis.models.model import FILES


def load(disease):
    return load_model(disease, core=disease.parents[1] / "core")


def told(disease):
    with pytest.raises(InputError) as caught:
        load(disease)
    return [str(issue) for issue in caught.value.issues]


def test_a_model_holds_what_its_files_say(tiny):
    assert (tiny.id, tiny.name, tiny.course) == ("tiny", "Tiny", "steady")
    assert [p.id for p in tiny.parameters] == ["share", "k_die", "k_drug", "k_driven", "k_blow"]
    share = tiny.parameter("share")
    assert (share.value, share.unit, share.status) == (0.75, "dimensionless", "assumed")
    assert share.source == "made up for this test"
    assert share.file.endswith("tiny/parameters.yaml")
    assert share.line == 2
    assert tiny.accumulators == ("GAINED",)
    assert tiny.cell_states == ("A", "B", "P")
    assert [(given.id, given.kind) for given in tiny.inputs] == [
        ("iv", "cells"), ("local", "cells"), ("drug", "drug"),
    ]  # fmt: skip
    assert tiny.input("iv").targets == ("A", "P")
    assert tiny.input("ivv") is None


def test_a_model_cannot_be_changed(tiny):
    with pytest.raises(FrozenInstanceError):
        tiny.id = "other"


def test_the_hash_follows_equations_values_and_spread(tiny, tiny_disease):
    same = load(tiny_disease())
    assert same.hash == tiny.hash
    other = replace(tiny, parameters=(replace(tiny.parameters[0], value=0.7), *tiny.parameters[1:]))
    assert other.hash != tiny.hash
    assert replace(tiny, bounds={"C": (0.0, 1.0)}).hash != tiny.hash
    assert replace(tiny, name="Another name").hash == tiny.hash


def test_the_hash_follows_the_text(tiny, tiny_disease):
    assert load(tiny_disease(model=("0.5*DRIVEN", "0.6*DRIVEN"))).hash != tiny.hash


def test_a_model_can_be_sent_to_another_process(tiny):
    tiny.form.rate_function  # noqa: B018  compiled code cannot be sent
    sent = pickle.loads(pickle.dumps(tiny))
    assert sent.hash == tiny.hash
    assert sent.sbml == tiny.sbml
    assert sent.form.states == tiny.form.states


def test_only_rows_of_the_core_that_a_disease_uses_are_its_parameters(tiny_disease):
    disease = tiny_disease()
    row = "value: 1, unit: dimensionless, status: assumed, source: made up"
    core = disease.parents[1] / "core" / "parameters.yaml"
    core.write_text(f"parameters:\n  unused: {{{row}}}\n  expectation: {{{row}}}\n")
    assert [p.id for p in load(disease).parameters][:2] == ["expectation", "share"]


@pytest.mark.parametrize("name", [name for name in FILES if name != "card.md"])
def test_a_missing_file(tiny_disease, name):
    disease = tiny_disease()
    (disease / name).unlink()
    (issue,) = told(disease)
    assert name in issue
    assert "no such file" in issue


def test_an_unknown_disease_has_the_nearest_one():
    with pytest.raises(InputError, match=r"unknown disease 'raa'; expected one of .*'ra'\?"):
        find_disease("raa")


def test_a_disease_may_be_a_folder(tiny_disease):
    disease = tiny_disease()
    assert find_disease(str(disease)) == disease
    assert disease_ids(disease.parents[1]) == ("tiny",)
    assert find_disease("tiny", disease.parents[1]) == disease


def test_the_library_has_rheumatoid_arthritis():
    assert "ra" in disease_ids()
    assert (library_folder() / "core" / "immune.ant").is_file()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("unit: per_day", "unit: per_dya"), "unknown unit 'per_dya'"),
        (("status: assumed", "status: guessed"), "parameters.share.status"),
        ((", source: made up for this test", ""), "parameters.share.source"),
        (("source: made up for this test", "source: ''"), "parameters.share.source"),
        (("value: 0.75", "value: '0.75'"), "parameters.share.value"),
        (("value: 0.75", "valeu: 0.75"), "did you mean 'value'?"),
        (("value: 0.75", "value: 7.5e1"), "parameters.yaml:2"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(tiny_disease, change, words):
    issues = told(tiny_disease(parameters=change))
    assert any(words in issue for issue in issues)
    assert all("diseases/tiny/parameters.yaml:" in issue for issue in issues)


def test_the_full_form_of_a_model_without_fast_species_is_the_plain_one(tiny):
    assert tiny.full_form.states == tiny.form.states
    parameters = np.asarray(tiny.form.defaults)[None]
    assert np.array_equal(tiny.full_form.derived(parameters), tiny.form.derived(parameters))


def test_loading_reads_no_heavy_package():
    """`funis check` and `funis list` answer at once."""
    code = (
        "import sys; from funis.models import load_model; load_model('ra');"
        "print([m for m in ('roadrunner', 'antimony', 'llvmlite', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
