import pytest

from funis.checks import InputError
from funis.models import library_folder
from funis.pipeline import inputs

TWO_ARM = library_folder() / "trials" / "ra_two_arm.yaml"


def changed(tmp_path, old, new):
    text = TWO_ARM.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "trial.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_trial_is_found_by_name_and_by_path():
    assert inputs.find_trial("ra_two_arm") == TWO_ARM
    assert inputs.find_trial(TWO_ARM) == TWO_ARM


def test_a_file_goes_before_a_name_of_the_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ra_demo").write_text("x: 1")
    assert inputs.find_trial("ra_demo").absolute() == tmp_path / "ra_demo"


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown trial 'ra_dmo'.*did you mean 'ra_demo'\?"):
        inputs.load_trial("ra_dmo")


@pytest.mark.parametrize("name", ["missing.yaml", "folder/missing"])
def test_what_looks_like_a_path_is_told_as_a_file(name):
    with pytest.raises(InputError, match=f"{name}: no such file"):
        inputs.load_trial(name)


def test_a_trial_comes_with_its_model_and_products(two_arm):
    assert (two_arm.model.id, two_arm.place) == ("ra", "library/trials/ra_two_arm.yaml")
    assert "uc_msc_reference" in two_arm.products


def test_a_file_outside_the_library_is_named_as_given(tmp_path):
    path = changed(tmp_path, "seed: 7", "seed: 8")
    trial = inputs.load_trial(path)
    assert (trial.place, trial.protocol.seed) == (str(path), 8)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("disease: ra", "disease: rb", "unknown disease 'rb'; expected one of as, cd, ms, ra"),
        ("route: iv", "route: ivv", "unknown route 'ivv'.*did you mean 'iv'"),
        ("endpoint: ACR50", "endpoint: ACR55", "unknown endpoint 'ACR55'.*did you mean 'ACR50'"),
        ("sjc66 >= 6", "sjc6 >= 6", "unknown name in a criterion 'sjc6'.*did you mean 'sjc66'"),
        ("uc_msc_reference", "uc_msc_ref", "unknown product 'uc_msc_ref'.*'uc_msc_reference'"),
    ],
)
def test_names_that_do_not_exist_are_told_with_their_line(tmp_path, old, new, words):
    path = changed(tmp_path, old, new)
    before, _, _ = path.read_text(encoding="utf-8").partition(new)
    with pytest.raises(InputError, match=words) as fault:
        inputs.load_trial(path)
    assert str(fault.value).startswith(f"{path}:{before.count(chr(10)) + 1}: ")


def test_numbers_out_of_range_are_one_line_each():
    with pytest.raises(InputError) as fault:
        inputs.require_whole(patients=0, workers=-1)
    assert str(fault.value).splitlines() == [
        "patients: 0 is out of range; expected a whole number of at least 1",
        "workers: -1 is out of range; expected a whole number of at least 1",
    ]
    inputs.require_whole(patients=None, workers=1)
