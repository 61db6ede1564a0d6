"""`funis sbml`: settings, results, and the public test suite where it stands beside the project."""

import math
from pathlib import Path

import numpy as np
import pytest

from funis.checks import InputError
from funis.pipeline.sbml import (
    Conformance,
    SbmlCourse,
    conformance,
    find_case,
    judge,
    read_results,
    run_sbml,
)
from funis.pipeline.sbml_settings import read_settings

SUITE = Path(__file__).parents[4] / "shared" / "sbml-suite"

MODEL = """
<listOfCompartments><compartment id="C" size="2" constant="true"/></listOfCompartments>
<listOfSpecies><species id="S1" compartment="C" initialAmount="6" constant="false"
 hasOnlySubstanceUnits="false" boundaryCondition="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/>
<parameter id="none" value="NaN" constant="true"/></listOfParameters>
<listOfReactions><reaction id="J" reversible="false"><listOfReactants>
<speciesReference species="S1" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw>{k*S1*C}</kineticLaw></reaction></listOfReactions>
"""
SETTINGS = """start: 0
duration: 0.3
steps: 3
variables: S1, k, none
absolute: 1e-7
relative: 1e-4
amount: S1
concentration:
"""


@pytest.fixture
def files(sbml, tmp_path):
    """Write a model and settings, changed by replacing text."""

    def write(old="", new="", settings=SETTINGS):
        assert old in settings
        (tmp_path / "settings.txt").write_text(settings.replace(old, new, 1))
        return sbml(MODEL), tmp_path / "settings.txt"

    return write


def test_a_course_is_written_whole(files, tmp_path):
    out = tmp_path / "deep" / "results.csv"
    course = run_sbml(*files(), out=out)
    lines = out.read_text().splitlines()
    assert lines[0] == "time,S1,k,none"
    assert lines[1] == "0.0,6.0,0.5,NaN"
    assert [line.split(",")[0] for line in lines[1:]] == ["0.0", "0.1", "0.2", "0.3"]
    np.testing.assert_allclose(course.values[:, 0], 6 * np.exp(-0.5 * course.times), rtol=1e-8)


def test_the_settings_say_what_a_species_is_shown_as(files):
    first = {
        text: run_sbml(*files("amount: S1\nconcentration:", text)).values[0, 0]
        for text in ("amount: S1\nconcentration:", "amount:\nconcentration: S1",
                     "amount:\nconcentration:")
    }  # fmt: skip
    assert list(first.values()) == [6, 3, 3]


def test_numbers_that_are_none_read_as_in_the_suite():
    values = np.array([[math.nan, math.inf, -math.inf]])
    text = SbmlCourse(np.zeros(1), ("a", "b", "c"), values).csv()
    assert text == "time,a,b,c\n0.0,NaN,INF,-INF\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("steps: 3\n", "", "settings.txt: steps: is missing; expected steps: a whole number"),
        ("steps: 3\n", "steps: 3\nsteps: 4\n", ":4: steps: is given twice, first in line 3"),
        ("steps: 3", "steps: 2.5", ":3: steps: '2.5' cannot be used; expected a whole number"),
        ("duration: 0.3", "duration: -1", ":2: duration: '-1' cannot be used; expected a time"),
        ("duration: 0.3", "duration:", ":2: duration: is empty; expected a time"),
        ("absolute: 1e-7", "absolute: INF", ":5: absolute: 'INF' cannot be used"),
        ("relative", "relativ", ":6: relativ: unknown key; .*did you mean 'relative'?"),
        ("start: 0", "start 0", ":1: 'start 0' is no setting; expected key: value"),
        ("variables: S1", "variables: S2", "4: variables: unknown variable .S2.; expected one"),
        ("variables: S1", "variables: S1, S1", ":4: variables: 'S1' is given twice"),
        ("variables: S1", "variables: nine", "unknown variable 'nine'; .* mean 'none'?"),
        ("amount: S1", "amount: S9", ":7: amount: unknown variable 'S9'"),
        ("concentration:", "concentration: S1", ":8: concentration: 'S1' is also an amount"),
    ],
)  # fmt: skip
def test_wrong_settings_are_one_line_and_nothing_is_written(files, tmp_path, old, new, words):
    out = tmp_path / "results.csv"
    with pytest.raises(InputError, match=words) as found:
        run_sbml(*files(old, new), out=out)
    assert len(str(found.value).splitlines()) == len(found.value.issues)
    assert not out.exists()


def test_settings_that_are_no_file(tmp_path):
    with pytest.raises(InputError, match="no such file; expected a settings file"):
        read_settings(tmp_path / "no.txt")
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(tmp_path)


def test_times_are_those_next_to_the_exact_ones(files):
    _, path = files("duration: 0.3\nsteps: 3", "duration: 0.7\nsteps: 7")
    assert read_settings(path).times.tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


@pytest.fixture
def suite(files, tmp_path):
    """A suite of one right case, a wrong one and three that are refused."""
    right = run_sbml(*files()).csv()
    changes = {
        "1": ("", ""),
        "2": ("results", right.replace("6.0", "6.5")),
        "3": ("model", ""),
        "4": ("results", "time,S1\n0,1\n"),
        "5": ("results", right.rpartition("0.3")[0]),
    }
    model, settings = files()
    for name, (file, text) in changes.items():
        case = tmp_path / "suite" / name
        case.mkdir(parents=True)
        (case / "model.xml").write_text(model.read_text())
        (case / "settings.txt").write_text(settings.read_text())
        (case / "results.csv").write_text(text if file == "results" else right)
    rule = "<listOfRules><algebraicRule><math xmlns='http://www.w3.org/1998/Math/MathML'><ci>k</ci>"
    text = model.read_text().replace(
        "</listOfParameters>", f"</listOfParameters>{rule}</math></algebraicRule></listOfRules>"
    )
    (tmp_path / "suite" / "3" / "model.xml").write_text(text)
    return tmp_path / "suite"


def test_each_case_passes_is_refused_or_is_wrong(suite):
    found = conformance(suite)
    assert found.cases["1"] == "pass"
    assert found.cases["2"] == "wrong: S1 at time 0 is 6, expected 6.5"
    assert found.cases["3"] == "refused: algebraic rule"
    assert found.cases["4"].startswith("refused: ")
    assert "expected a table of time, S1, k, none" in found.cases["4"]
    assert found.cases["5"] == "wrong: 4 times, expected 3"
    assert not found.passed
    assert found.document() == {"cases": found.cases}
    assert set(found.refused()) == {"algebraic rule", found.cases["4"].partition(": ")[2]}


def test_files_may_have_the_names_of_the_test_suite(suite):
    case = suite / "1"
    for old, new in (("model.xml", "1-sbml-l3v1.xml"), ("settings.txt", "1-settings.txt"),
                     ("results.csv", "1-results.csv")):  # fmt: skip
        (case / old).rename(case / new)
    (case / "1-sbml-l2v4.xml").write_text("an older one")
    (suite / "notes").mkdir()
    found = conformance(suite)
    assert found.cases["1"] == "pass"
    assert set(found.cases) == {"1", "2", "3", "4", "5"}


def test_a_fault_of_the_program_costs_its_case_alone(suite, monkeypatch):
    def faulty(model, settings):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("funis.pipeline.sbml._course", faulty)
    found = conformance(suite, workers=1)
    assert set(found.cases.values()) == {"refused: unexpected fault (ZeroDivisionError: a fault)"}


def test_refusals_alone_are_no_failure():
    found = Conformance({"1": "pass", "2": "refused: b", "3": "refused: a", "4": "refused: a"})
    assert found.passed
    assert found.refused() == {"a": ["3", "4"], "b": ["2"]}


def test_a_folder_without_cases_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such folder; expected a folder of cases"):
        conformance(tmp_path / "no")
    with pytest.raises(InputError, match="holds no case"):
        conformance(tmp_path)


def test_results_are_read_by_name(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("time, b, a\n0,INF, NaN\n1,2,3\n")
    found = read_results(path, ("a", "b"))
    assert found[1].tolist() == [1, 3, 2]
    assert math.isnan(found[0, 1])
    assert found[0, 2] == math.inf


CASES = sorted(path.parent for path in SUITE.glob("*/model.xml"))
REFUSED = {"refused: algebraic rule", "refused: csymbol delay", "refused: fast reaction"}


@pytest.mark.parametrize("part", range(4))
def test_the_public_suite_holds_no_case_that_is_wrong(part):
    """Truth: the suite's own results."""
    found = {case.name: judge(None, find_case(case)) for case in CASES[part::4]}
    assert {name: text for name, text in found.items() if text not in {"pass", *REFUSED}} == {}
    assert sum(text == "pass" for text in found.values()) >= 0.87 * len(found)
