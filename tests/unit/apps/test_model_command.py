"""``funis model``: what is asked for is shown, a fault is one line, a document is one."""

import json
import os
from xml.etree import ElementTree

import pytest


def test_without_a_disease_each_model_is_a_line_with_its_failures(funis):
    status, out, err = funis("model")
    assert (status, err) == (0, "")
    assert "Rheumatoid arthritis: 9 failures" in out
    assert len(json.loads(funis("model", "--json")[1])["models"]) == 8


def test_what_failed_stands_before_anything_else(funis):
    status, out, err = funis("model", "ra")
    assert (status, err) == (0, "")
    assert out.startswith("What failed")
    assert out.index("does not beat class mean") < out.index("176 parameters")


def test_parameters_can_be_filtered(funis):
    out = funis("model", "ra", "--status", "measured", "--json")[1]
    found = json.loads(out)
    assert {one["status"] for one in found["parameters"]} == {"measured"}
    assert len(found["parameters"]) == found["statuses"]["measured"]
    assert "equations" not in found


def test_one_number_and_one_equation_lead_on(funis):
    assert "d(LM_lu)/dt" in funis("model", "ra", "--why", "k_lm")[1]
    shown = json.loads(funis("model", "ra", "--equation", "TH1", "--json")[1])
    assert "k_T" in shown["parameters"]
    assert "Not a medical device" in shown["research_use"]


def test_a_number_and_an_equation_at_once_are_refused_before_anything_is_written(funis, tmp_path):
    path = tmp_path / "ra.svg"
    asked = ("--why", "k_lm", "--equation", "TH1", "--diagram", str(path))
    status, out, err = funis("model", "ra", *asked)
    assert (status, out) == (2, "")
    assert err == "--equation: stands beside --why; expected one of the two\n"
    assert not path.exists()


def test_no_picture_takes_the_place_of_a_device(funis, tmp_path):
    path = tmp_path / "nothing"
    path.symlink_to(os.devnull)
    status, out, err = funis("model", "ra", "--diagram", str(path))
    assert (status, out) == (2, "")
    assert err == f"{path}: is a device or a pipe, no file; expected the name of a file\n"
    assert path.is_symlink()


def test_the_diagram_is_a_picture(funis, tmp_path):
    path = tmp_path / "ra.svg"
    status, out, err = funis("model", "ra", "--diagram", str(path))
    assert (status, out) == (0, "")
    assert err == f"svg: {path}\n"
    assert ElementTree.parse(path).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("raa",), "did you mean 'ra'"),
        (("ra", "--status", "measurd"), "did you mean 'measured'"),
        (("ra", "--why", "potencyy"), "did you mean 'potency'"),
        (("ra", "--equation", "TH2"), "did you mean 'TH1'"),
        (("ra", "--diagram", f"{__file__}/x.svg"), "x.svg"),
    ],
)
def test_wrong_input_is_one_line_with_the_nearest_name(funis, words, says):
    status, out, err = funis("model", *words)
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
