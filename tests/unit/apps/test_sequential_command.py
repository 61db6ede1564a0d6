"""`funis boundaries`, `adaptive` and `escalation` as a user meets them."""

import json
import re
from pathlib import Path

import pytest

from funis.apps.cli import app
from funis.apps.door import enter

ROOT = Path(__file__).parents[3]
TWO_ARM = ROOT / "src" / "funis" / "library" / "trials" / "ra_two_arm.yaml"


def run(*words):
    return enter(app, [str(word) for word in words])


def document(capsys, *words):
    assert run(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_bounds_of_a_trial_are_those_of_its_block(tmp_path, capsys):
    trial = tmp_path / "trial.yaml"
    trial.write_text(TWO_ARM.read_text() + "\ninterim: {looks: [0.5, 1], spending: pocock}\n")
    found = document(capsys, "boundaries", "--trial", trial)
    same = document(
        capsys, "boundaries", "--looks", "0.5,1", "--spending", "pocock", "--alpha", 0.025
    )
    assert found["trial"] == str(trial)
    assert found["rows"] == same["rows"]
    assert found["rows"][0]["efficacy_z"] == found["rows"][1]["efficacy_z"]


def test_the_document_says_what_was_asked(capsys):
    found = document(
        capsys, "boundaries", "--looks", "0.5,0.75,1", "--futility", "beta_spending:0.1"
    )
    assert [row["share"] for row in found["rows"]] == [0.5, 0.75, 1.0]
    spent = [row["alpha_spent"] for row in found["rows"]]
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(0.025, abs=1e-8)
    power = sum(row["planned_effect"]["success"] for row in found["rows"])
    assert power == pytest.approx(0.9, abs=1e-6)
    assert found["expected_size"]["no_effect"] < 1 < found["largest_size"]


def test_the_table_in_the_documentation_is_what_the_command_prints(tmp_path, capsys):
    page = ROOT / "docs" / "sequential.md"
    copy = tmp_path / "sequential.md"
    text = page.read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    marks = re.findall(r"<!-- generated: funis (.+?) -->", text)
    quick = [mark for mark in marks if not mark.startswith("adaptive")]
    assert len(quick) == 4
    for mark in quick:
        assert run(*mark.split(), "--into", copy) == 0
    capsys.readouterr()
    assert copy.read_text(encoding="utf-8") == text


def test_replicates_reproduce_from_their_seed(capsys):
    words = ("adaptive", "--means", "0,0,0.5", "--patients", 60, "--replicates", 30, "--seed", 4)
    first = document(capsys, *words)
    assert document(capsys, *words) == first
    assert document(capsys, *words[:-1], 5)["rows"] != first["rows"]
    assert [row["change"] for row in first["rows"]][1] == "best arm kept, dunnett"


def test_an_escalation_names_levels_and_counts(capsys):
    found = document(capsys, "escalation", "--toxicity", "0.05,0.25", "--rule", "crm",
                     "--replicates", 20, "--patients", 12)  # fmt: skip
    assert sum(row["named"] for row in found["levels"]) + found["none_tolerated"] == pytest.approx(
        1
    )
    assert len(found["stopping"]["counts"]) == 12
    assert found["skeleton"][0] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("boundaries", "--looks", "0,1"), "looks[0]: a look at share 0, before any data"),
        (("boundaries", "--looks", "0.5,0.4,1"), "looks out of order: 0.4 after 0.5"),
        (("boundaries", "--looks", "half"), "looks: 'half' is no number"),
        (("boundaries", "--alpha", "1.5"), "alpha: 1.5 is out of range; expected a value above 0"),
        (("boundaries", "--spending", "pokock"), "did you mean 'pocock'?"),
        (("boundaries", "--spending", "kim_demets"), "no parameter of kim_demets"),
        (("boundaries", "--power", "0.01"), "power: 0.01 is out of range"),
        (("boundaries", "--futility", "conditional_power:2"), "futility: 2 is out of range"),
        (("boundaries", "--side", "both"), "unknown side 'both'; expected one of greater, less"),
        (("boundaries", "--side", "either", "--futility", "z:0"), "futility in a two-sided test"),
        (("boundaries", "--trial", "ra_two_arm"), "interim: no interim looks; expected the key"),
        (("boundaries", "--trial", "ra_two_arm", "--alpha", "0.05"), "trial that has its own"),
        (("adaptive",), "neither or both of --rates and --means"),
        (("adaptive", "--means", "0"), "arms: one arm; expected a control"),
        (("adaptive", "--rates", "0.3,2"), "rates: 0.3, 2 is out of range"),
        (("adaptive", "--rates", "0.3,0.3", "--patients", "4"), "looks: 2 patients at the first"),
        (("escalation", "--toxicity", "0.1,1.2"), "toxicity: 0.1, 1.2 is out of range"),
        (("escalation", "--toxicity", "0.1", "--rule", "crn"), "did you mean 'crm'?"),
        (("escalation", "--toxicity", "0.1", "--halfwidth", "0.5"), "halfwidth: 0.5 is out of"),
    ],
)
def test_a_mistake_is_one_line_with_status_2(words, told, capsys):
    assert run(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert told in printed.err
