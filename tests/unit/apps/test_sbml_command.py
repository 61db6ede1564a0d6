"""`funis sbml` as a user meets it: outputs, exit statuses, one line for each mistake."""

import json

import pytest

from funis.apps.cli import app
from funis.apps.door import enter

MODEL = '<listOfParameters><parameter id="x" value="2" constant="false"/></listOfParameters>'
RULE = '<listOfRules><rateRule variable="x">{-x}</rateRule></listOfRules>'
SETTINGS = (
    "start: 0\nduration: 1\nsteps: 1\nvariables: x\nabsolute: 1e-6\nrelative: 1e-4\n"
    "amount:\nconcentration:\n"
)


@pytest.fixture
def case(sbml, tmp_path):
    """The folder of a suite with one case."""
    folder = tmp_path / "suite" / "1"
    folder.mkdir(parents=True)
    sbml(MODEL + RULE).rename(folder / "model.xml")
    (folder / "settings.txt").write_text(SETTINGS)
    (folder / "results.csv").write_text("time,x\n0,2\n1,0.7357588823\n")
    return folder


def run(*words):
    return enter(app, [str(word) for word in words])


def test_a_run_writes_its_course(case, tmp_path, capsys):
    out = tmp_path / "out.csv"
    words = ("sbml", "run", case / "model.xml", "--settings", case / "settings.txt", "--out", out)
    assert run(*words) == 0
    assert capsys.readouterr().out == f"Time course: {out} (2 times of x)\n"
    assert out.read_text().splitlines()[0] == "time,x"


def test_a_mistake_is_one_line_and_nothing_is_written(case, tmp_path, capsys):
    out = tmp_path / "out.csv"
    (case / "settings.txt").write_text(SETTINGS.replace("variables: x", "variables: xx"))
    words = ("sbml", "run", case / "model.xml", "--settings", case / "settings.txt", "--out", out)
    assert run(*words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert told.err.endswith("did you mean 'x'?\n")
    assert not out.exists()


def test_conformance_prints_counts(case, capsys):
    assert run("sbml", "conformance", case.parent) == 0
    assert capsys.readouterr().out == "1 cases: 1 pass, 0 refused, 0 wrong\n"
    assert run("sbml", "conformance", case.parent, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cases"] == {"1": "pass"}


def test_a_wrong_case_gives_status_1_and_comes_first(case, capsys):
    (case / "results.csv").write_text("time,x\n0,2\n1,0.8\n")
    assert run("sbml", "conformance", case.parent) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "! 1 is wrong: x at time 1 is 0.735758882, expected 0.8"
    assert lines[1] == "1 cases: 0 pass, 0 refused, 1 wrong"
    assert run("sbml", "conformance", case.parent, "--json") == 1
    assert json.loads(capsys.readouterr().out)["cases"]["1"].startswith("wrong: ")


def test_a_refused_case_gives_status_0_and_its_construct(case, capsys):
    text = (case / "model.xml").read_text().replace("rateRule", "algebraicRule")
    (case / "model.xml").write_text(text.replace(' variable="x"', ""))
    assert run("sbml", "conformance", case.parent) == 0
    assert "  refused 1: algebraic rule (1)" in capsys.readouterr().out


def test_a_missing_folder_is_one_line_and_one_document(tmp_path, capsys):
    assert run("sbml", "conformance", tmp_path / "no", "--json") == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"] == [told.err.strip()]
    assert run("sbml", "conformance", tmp_path, "--workers", "0") == 2
    assert "workers: 0 is out of range" in capsys.readouterr().err


def test_help_without_a_command(capsys):
    assert run("sbml") == 0
    assert "conformance" in capsys.readouterr().out
