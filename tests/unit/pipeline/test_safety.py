"""Adverse events in reports, documents and commands, and the gate of large trials."""

import json
from pathlib import Path

import pytest

from funis.apps.cli import app
from funis.apps.door import enter
from funis.pipeline.reporting.safety import safety_document
from funis.pipeline.run import results_document
from funis.pipeline.safety import gate as gates
from funis.pipeline.safety.gate import safety_gate
from funis.pipeline.safety.hazards import hazards
from funis.report import render_trial


@pytest.fixture(scope="module")
def gate(pool):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gates, "trial_pool", lambda *_, **__: pool)
        return safety_gate(patients=8000, drawn=2)


def test_large_trials_give_published_ratios_back_at_sourced_risks(gate):
    checks = {one.name: one for one in gate.checks}
    vein = checks["fever by vein, risk ratio"]
    every = checks["fever by every route, odds ratio"]
    assert (vein.low, vein.high) == (1.27, 4.86)
    assert (every.low, every.high) == (2.05, 6.49)
    assert 1.27 < vein.simulated.low < vein.simulated.high < 4.86
    assert 2.05 < every.simulated.low < every.simulated.high < 6.49
    assert gate.passed


def test_serious_thromboembolism_stays_rare_and_keeps_its_interval(gate):
    clot = next(one for one in gate.checks if "thromboembolism" in one.name).simulated
    assert clot.estimate < 0.01
    assert 0 < clot.high < 0.02


def test_fever_and_headache_after_the_fluid_are_predicted_and_not_judged(gate):
    predicted = [one for one in gate.checks if "predicted" in one.name]
    assert {one.name.split()[0] for one in predicted} == {"fever", "headache"}
    assert not any(one.judged for one in predicted)
    found = {(one.term, one.follows): one for one in hazards().rows}
    for term in ("fever", "headache"):
        assert found[term, "it"].basis == "predicted"
        assert not any("it_allo" in row for row in found[term, "it"].hazard.risk.rows)


def test_the_gate_is_plain_data_and_tables(gate):
    document = gate.document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert all(len(row) == len(one.columns) for one in gate.tables() for row in one.rows)


def test_a_report_shows_every_event_and_what_it_cannot_tell(done):
    page = render_trial(done.report)
    assert 'id="safety"' in page
    view = done.report.safety
    assert view is not None
    named = {row.term: row for row in view.rows}
    assert {"any", "serious", "fever", "thromboembolism", "death"} <= set(named)
    assert "arachnoiditis" not in named  # no cells go into the fluid here
    assert all(row.name in page or row.name.lower() in page.lower() for row in view.rows)
    assert "rule of three" in page
    assert "0.78 is not used" in page
    assert [line.basis for line in named["fatigue"].believed] == ["assumed"]


def test_the_document_holds_counts_that_add_up(done):
    document = results_document(done)["adverse_events"]
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == [arm.id for arm in done.study.protocol.arms]
    events = done.data.adverse_events
    for arm, rows in document.items():
        found = {row["term"]: row for row in rows}
        terms = [row for name, row in found.items() if name in set(events["term"])]
        own = events.filter(events["arm"] == arm)
        assert found["any"]["events"] == own.height == sum(row["events"] for row in terms)
        assert all(row["patients"] <= row["events"] for row in rows)
    assert safety_document(done.study.protocol, done.data).keys() == document.keys()


def test_a_trial_shows_its_own_routes_and_a_disease_its_own_background():
    assert hazards("ms_routes").routes == ("it", "iv")
    assert hazards("sle").disease == "sle"
    deaths = [one for one in hazards("sle").rows if one.term == "death"]
    assert [one.follows for one in deaths] == ["time (sle, ssc)"]
    assert len([one for one in hazards().rows if one.term == "death"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["safety", "raa"], "did you mean 'ra'"),
        (["safety", "--route", "ivv"], "did you mean 'iv'"),
        (["safety", "--limit", "1.5"], "a risk between 0 and 1"),
        (["safety", "--out", "x.yaml"], "--out without --refit"),
        (["gate", "safety", "--patients", "3"], "100"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(arguments, words, capsys):
    assert enter(app, arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_the_documented_numbers_are_the_present_ones():
    text = (Path(__file__).parents[3] / "docs" / "safety.md").read_text(encoding="utf-8")
    shown = text.split("<!-- generated: funis safety -->")[1].split("<!-- end -->")[0]
    assert shown.strip() == "\n".join(table.markdown() for table in hazards().tables()).strip()
