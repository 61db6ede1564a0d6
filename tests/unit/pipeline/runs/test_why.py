"""From a short code back to formula, parameters, seed and command."""

import json

import pytest

from funis.checks import InputError
from funis.models import load_model
from funis.pipeline.runs import find_run
from funis.pipeline.runs.pictures import run_picture, run_pictures
from funis.pipeline.runs.why import figures_of, why
from funis.protocol import content_hash


def code_of(runs, name, run="seed3"):
    return next(mark.code for mark in figures_of(find_run(run, runs)) if mark.id == name)


def test_the_code_of_a_score_tells_its_formula_down_to_the_equations(runs, ra):
    (found,) = why(code_of(runs, "course-DAS28-CRP-msc"), runs)
    formulas = {one.id: one for one in found.formulas}
    score = next(one for one in ra.endpoints.scores if one.id == "DAS28_CRP")
    assert formulas["DAS28_CRP"].text == score.expression.text
    assert {"tjc28", "sjc28", "crp", "ptga", "crp_true"} <= formulas.keys()
    assert (found.run.id, found.run.seed, found.figure.arm) == ("seed3", 3, "msc")
    assert found.command == "funis run ra_two_arm --patients 6 --seed 3 --ensemble none"
    assert found.again.endswith("seed3")
    assert found.notes == ()


def test_every_parameter_behind_a_figure_is_one_of_the_model_with_its_source(runs, ra):
    (found,) = why(code_of(runs, "results-ACR20@12"), runs)
    rows = {one.id: one for one in ra.parameters}
    assert {one.id for one in found.parameters} <= rows.keys()
    for one in found.parameters:
        assert (one.value, one.status) == (rows[one.id].value, rows[one.id].status)
        assert one.source.startswith(rows[one.id].source)
    steps = [one.steps for one in found.parameters]
    assert steps == sorted(steps)
    assert sum(found.statuses.values()) == len(found.parameters) > 20


def test_a_change_leads_to_the_score_that_changes(runs):
    (found,) = why(code_of(runs, "results-DAS28_CRP_change@12"), runs)
    assert found.formulas[0].id == "DAS28_CRP"


def test_a_curve_of_responders_leads_to_its_rule(runs):
    figures = figures_of(find_run("seed3", runs))
    mark = next(one for one in figures if one.id.startswith("responders-"))
    (found,) = why(mark.code, runs)
    assert found.formulas[0].sort == "responder"


def test_an_observable_leads_to_its_equation(runs):
    figures = figures_of(find_run("seed3", runs))
    mark = next(one for one in figures if one.id.startswith("mechanism-"))
    (found,) = why(mark.code, runs)
    assert [one.id for one in found.formulas] == [mark.about]


def test_a_model_that_has_changed_since_is_said(runs):
    path = runs / "seed3" / "manifest.json"
    path.write_text(path.read_text().replace(load_model("ra").hash, "0" * 64))
    (found,) = why(code_of(runs, "course-DAS28-CRP-msc"), runs)
    assert "has changed since this run" in found.notes[0]


def test_endpoints_that_have_changed_since_are_said_and_an_older_manifest_is_read(runs, ra):
    path = runs / "seed3" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["endpoints_hash"] == content_hash(ra.endpoints)
    path.write_text(json.dumps({**manifest, "endpoints_hash": "0" * 64}))
    (found,) = why(code_of(runs, "course-DAS28-CRP-msc"), runs)
    assert "endpoints of the model have changed" in found.notes[0]
    del manifest["endpoints_hash"]
    path.write_text(json.dumps(manifest))
    (found,) = why(code_of(runs, "course-DAS28-CRP-msc"), runs)
    assert found.notes == ()


def test_two_copies_of_a_run_give_two_answers(runs, kept):
    import shutil

    shutil.copytree(kept / "seed3", runs / "copy")
    assert {one.run.id for one in why(code_of(runs, "answer"), runs)} == {"seed3", "copy"}


def test_an_unknown_code_says_how_many_runs_were_looked_through(runs):
    path = runs / "seed4" / "manifest.json"
    code = code_of(runs, "answer", "seed4")
    manifest = json.loads(path.read_text())
    del manifest["figures"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"in the 2 runs of .*, 1 of them older than these codes"):
        why(code, runs)


def test_a_picture_is_taken_out_of_the_page_as_it_stands_there(runs):
    run = find_run("seed3", runs)
    pictures = run_pictures(run)
    assert {one.mark.id for one in pictures} == {
        mark.id for mark in figures_of(run) if mark.kind == "figure"
    }
    one = run_picture(run, "course-DAS28-CRP-msc")
    assert one.svg.startswith("<svg")
    assert "curve arm" in one.svg
    assert one.colour in ("a1", "a2")
    assert "Simulated: virtual patients only" in one.svg


def test_nothing_that_acts_comes_out_with_a_picture(runs):
    page = runs / "seed3" / "report.html"
    text = page.read_text()
    start = text.index("<svg", text.index('id="course"'))
    end = text.index(">", start) + 1
    bad = (
        text[start : end - 1] + ' onload="alert(1)" style="x">'
        '<script>alert(1)</script><foreignObject/><a href="javascript:1">x</a><image href="x"/>'
    )
    page.write_text(text[:start] + bad + text[end:])
    svg = "".join(one.svg for one in run_pictures(find_run("seed3", runs)))
    for word in ("onload", "style=", "<script", "foreignObject", "href", "<image", "javascript"):
        assert word not in svg
