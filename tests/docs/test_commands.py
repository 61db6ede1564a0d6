"""Every documented command runs as a program of its own."""

import json
import re

import pytest

SMALL = "--workers 1"


MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model>
<listOfParameters><parameter id="x" value="2" constant="true"/></listOfParameters>
</model></sbml>
"""
EVIDENCE = """- id: my_ra
  title: An invented study
  disease: RA
  design: {kind: single_arm}
  population: {n: 10}
  product: {source: UC}
  arms:
  - {id: msc, n: 10, route: IV}
  outcomes:
  - {arm: msc, endpoint: ACR20, week: 12, events: 3, n: 10}
  sources: [{url: 'https://example.org', what: abstract}]
  confidence: low
"""
SETTINGS = """start: 0
duration: 1
steps: 1
variables: x
absolute: 1e-6
relative: 1e-4
amount:
concentration:
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    case = folder / "suite" / "00001"
    case.mkdir(parents=True)
    texts = {"model.xml": MODEL, "settings.txt": SETTINGS, "results.csv": "time,x\n0,2\n1,2\n"}
    for name, text in texts.items():
        (case / name).write_text(text, encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "study.yaml").write_text(EVIDENCE, encoding="utf-8")
    (folder / "open").mkdir()
    text = EVIDENCE.replace("events: 3", "events: 3, percent: 30")
    (folder / "open" / "study.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def own_folder(place, monkeypatch):
    monkeypatch.setenv("FUNIS_DATA", str(place / "data"))


COMMANDS = {
    "bench": "funis bench --rounds 1 --patients 32 --peer-patients 4 --sizes 16 --memory 64 --json",
    "run": f"funis run ra_two_arm --patients 4 {SMALL} --json",
    "check": "funis check --json",
    "list": "funis list --json",
    "simulate": f"funis simulate ra --dose 70e6:iv@0,28 --weeks 2 --patients 3 {SMALL} --json",
    "population": f"funis population ra --patients 40 {SMALL} --out people.parquet",
    "gate population": f"funis gate population ra --draws 30 {SMALL} --json",
    "gate placebo": f"funis gate placebo ra --patients 30 {SMALL} --json",
    "gate pharmacology": f"funis gate pharmacology ra --patients 4 {SMALL} --json",
    "gate routes": f"funis gate routes ra --patients 4 {SMALL} --json",
    "evidence list": "funis evidence list --disease ra --json",
    "evidence show": "funis evidence show he2020_ra --json",
    "evidence add": "funis evidence add study.yaml --json",
    "evidence rewrite": "funis evidence rewrite open --out closed",
    "evidence meta": "funis evidence meta cd --endpoint REMISSION --json",
    "sbml run": "funis sbml run model.xml --settings settings.txt --out course.csv",
    "sbml conformance": f"funis sbml conformance suite {SMALL} --json",
}
LAST_LINES = {
    "population": "Virtual patients: people.parquet",
    "evidence rewrite": "closed/study.yaml: rewritten",
    "sbml run": "Time course: course.csv (2 times of x)",
}
SHOWN_IN_THE_README = {"demo"}


def test_every_documented_command_is_tried(blocks):
    text = (blocks.ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^## funis (.+)$", text, re.MULTILINE))
    assert documented == set(COMMANDS) | SHOWN_IN_THE_README


@pytest.mark.parametrize("name", COMMANDS)
def test_a_documented_command_runs(name, place, blocks):
    command = COMMANDS[name]
    printed = "\n".join(blocks.run(command, place))
    assert "Traceback" not in printed
    if "--json" in command:
        assert "error" not in json.loads(printed)
    else:
        assert printed.endswith(LAST_LINES[name])


def test_the_documented_files_of_a_streamed_cohort_are_those_written(place, blocks):
    text = (blocks.ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    command = COMMANDS["simulate"].replace(" --json", " --out many")
    for kept in ("1 files", "1 files (1 kept from an earlier run)"):
        assert f"Patients: many/chunks, {kept}" in blocks.run(command, place)
    paths = (path for path in (place / "many").rglob("*") if path.is_file())
    for name in (path.relative_to(place / "many").as_posix() for path in paths):
        assert f"`{name}`" in text


def test_the_documented_json_of_a_meta_analysis_has_its_keys(place, blocks):
    text = (blocks.ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    part = text[text.index("## funis evidence meta") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    real = json.loads("\n".join(blocks.run(COMMANDS["evidence meta"], place)))
    assert list(shown) == list(real)
    assert list(shown["strata"][0]) == list(real["strata"][0])


def test_the_documented_json_of_a_run_has_the_keys_of_a_run(place, blocks):
    text = (blocks.ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    shown = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    real = json.loads("\n".join(blocks.run(COMMANDS["run"], place)))
    assert list(shown) == list(real)
    estimate = real["arms"]["placebo"]["endpoints"]["ACR20@12"]
    assert list(shown["arms"]["placebo"]["endpoints"]["ACR20@12"]) == list(estimate)
    assert list(shown["contrasts"][0]) == list(real["contrasts"][0])
