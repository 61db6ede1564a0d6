"""`funis evidence meta` as a user meets it, on the evidence of the library."""

import json
import xml.etree.ElementTree as ET

import pytest

from funis.apps.cli import app
from funis.apps.door import enter


def run(*words):
    return enter(app, ["evidence", "meta", *(str(word) for word in words)])


def test_without_an_endpoint_it_lists_what_can_be_pooled(capsys):
    assert run("cd", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"endpoint", "week", "poolable", "strata"} <= set(listed["endpoints"][0])


def test_the_text_carries_study_type_randomised_patients_grade_and_research_use(capsys):
    assert run("cd", "--endpoint", "REMISSION", "--week", 6) == 0
    out = capsys.readouterr().out
    for words in ("Single-arm studies: no control", "0 randomised patients", "Evidence: ",
                  "Not a medical device", "no power", "tau2 = ", "Fixed effect"):  # fmt: skip
        assert words in out


def test_pictures_and_the_document_are_written(tmp_path, capsys):
    words = ("cd", "--endpoint", "REMISSION", "--week", 6, "--window", 8, "--by", "product")
    forest, funnel = tmp_path / "forest.svg", tmp_path / "funnel.svg"
    assert run(*words, "--forest", forest, "--funnel", funnel, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    (stratum,) = found["strata"]
    assert stratum["study_type"] == "single-arm"
    assert stratum["pooled"]["method"] == "binomial-normal, maximum likelihood"
    assert len(stratum["pooled"]["leave_one_out"]) == stratum["studies"] == 4
    for path in (forest, funnel):
        assert ET.parse(path).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ra", "--endpoint", "ACR20"), "nothing to pool for 'ACR20' in 'ra'"),
        (("raa",), "unknown disease 'raa'"),
        (("ra", "--week", "4"), "no endpoint is named"),
        (("cd", "--endpoint", "REMISSION", "--week", "-1"), "week: -1 is out of range"),
    ],
)
def test_a_mistake_is_one_line_with_status_2(words, told, capsys):
    assert run(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert told in printed.err


def test_a_picture_is_not_written_where_nothing_can_be_pooled(tmp_path, capsys):
    path = tmp_path / "forest.svg"
    assert run("ra", "--endpoint", "ACR20", "--forest", path, "--json") == 2
    assert "error" in json.loads(capsys.readouterr().out)
    assert not path.exists()
