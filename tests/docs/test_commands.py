"""Every documented command runs as a program of its own."""

import json
import re
import shutil

import pytest

from funis.report import RESEARCH_USE

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


@pytest.fixture(scope="module")
def code(place):
    """A short code of a stored run; copies of the run lie in the folder `kept`."""
    from funis.pipeline.run import run_trial

    first = place / "kept" / "first"
    run_trial("ra_two_arm", patients=2, workers=1, twins=1, ensemble="none", out=first)
    for name in ("second", "gone"):
        shutil.copytree(first, place / "kept" / name)
    return json.loads((first / "manifest.json").read_text())["figures"][0]["code"]


@pytest.fixture(autouse=True)
def own_folder(place, monkeypatch):
    monkeypatch.setenv("FUNIS_DATA", str(place / "data"))


COMMANDS = {
    "design": "funis design ra_two_arm --n 16 --replicates 2 --patients 16 --structures none"
    f" {SMALL} --json",
    "draft": "funis draft ra_two_arm --json",
    "twin": f"funis twin ra_two_arm --n 16 --replicate 3 --patients 16 {SMALL} --json",
    "bench": "funis bench --rounds 1 --patients 32 --peer-patients 4 --sizes 16 --memory 64"
    " --moves 0 --json",
    "run": f"funis run ra_two_arm --patients 4 {SMALL} --json",
    "runs": "funis runs --json",
    "runs list": "funis runs list kept --json",
    "runs show": "funis runs show first --folder kept --json",
    "runs compare": "funis runs compare first second --folder kept --json",
    "runs reproduce": f"funis runs reproduce first --folder kept {SMALL} --json",
    "runs delete": "funis runs delete gone --folder kept --yes",
    "why": "funis why CODE --folder kept --json",
    "check": "funis check --json",
    "list": "funis list --json",
    "simulate": f"funis simulate ra --dose 70e6:iv@0,28 --weeks 2 --patients 3 {SMALL} --json",
    "population": f"funis population ra --patients 40 {SMALL} --out people.parquet",
    "gate population": f"funis gate population ra --draws 30 {SMALL} --json",
    "gate placebo": f"funis gate placebo ra --patients 30 {SMALL} --json",
    "gate pharmacology": f"funis gate pharmacology ra --patients 4 {SMALL} --json",
    "gate routes": f"funis gate routes ra --patients 4 {SMALL} --json",
    "calibrate": f"funis calibrate ssc {SMALL} --out ensembles --json",
    "validate": f"funis validate ssc {SMALL} --json",
    "gate safety": "funis gate safety --patients 400 --trials 2 --json",
    "safety": "funis safety ms --route it --json",
    "control": f"funis control uc --patients 50 {SMALL} --json",
    "evidence meta": "funis evidence meta cd --endpoint REMISSION --json",
    "evidence impact": f"funis evidence impact ssc --without care_ssc --patients 8 {SMALL} --json",
    "tests": "funis tests welch fisher --replicates 100 --json",
    "ledger": "funis ledger --json",
    "ledger predict": "funis ledger predict care_ssc --date 2026-06-01 --ledger ledger.yaml"
    f" --patients 8 {SMALL} --json",
    "ledger check": "funis ledger check --json",
    "ledger score": "funis ledger score --studies study.yaml --json",
    "credibility": f"funis credibility ssc --patients 8 {SMALL} --json",
    "petab": f"funis petab ssc --patients 8 {SMALL} --out petab --json",
    "export": "funis export ra_two_arm --format usdm --out protocol --json",
    "evidence overview": "funis evidence overview --json",
    "evidence list": "funis evidence list --disease ra --json",
    "evidence show": "funis evidence show he2020_ra --json",
    "evidence add": "funis evidence add study.yaml --json",
    "evidence rewrite": "funis evidence rewrite open --out closed",
    "evidence studies": "funis evidence studies --disease ra --randomised --json",
    "evidence model": "funis evidence model kafaja2017_ra --json",
    "evidence forest": "funis evidence forest cd --endpoint REMISSION --study forbes2014_cd --json",
    "evidence claims": "funis evidence claims --row 12 --json",
    "evidence testimonials": f"funis evidence testimonials uc --patients 20 {SMALL} --json",
    "product": "funis product --json",
    "product show": "funis product lot_complete --json",
    "product release": "funis product release lot_failed --json",
    "product deliver": "funis product deliver lot_complete --dose 70e6 --weight 70 --json",
    "product yield": "funis product yield uc_msc_reference --trial ra_demo --json",
    "model": "funis model --json",
    "model diff": "funis model diff ra ra --weeks 2 --patients 4 --workers 1 --json",
    "model show": "funis model ra --parameters --status measured --json",
    "boundaries": "funis boundaries --looks 0.5,1 --alpha 0.025 --spending obrien_fleming --json",
    "adaptive": "funis adaptive --rates 0.3,0.5 --patients 40 --replicates 20 --json",
    "escalation": "funis escalation --toxicity 0.05,0.1,0.25 --patients 6 --json",
    "optimise": "funis optimise ra_two_arm --doses 15e6,150e6 --numbers 1 --maintenance none"
    f" --horizon 12 --patients 4 --draws 4 {SMALL} --json",
    "plan": "funis plan ra --out plan --json",
    "explore": "funis explore 'disease=ra&route=iv&dose=70e6&times=2&every=28&patients=20' --json",
    "sbml run": "funis sbml run model.xml --settings settings.txt --out course.csv",
    "sbml conformance": f"funis sbml conformance suite {SMALL} --json",
}
LAST_LINES = {
    "runs delete": "removed kept/gone",
    "population": "Virtual patients: people.parquet",
    "evidence rewrite": "closed/study.yaml: rewritten",
    "sbml run": "Time course: course.csv (2 times of x)",
}
SHOWN_IN_THE_README = {"demo"}
STARTED_IN_THE_TESTS_OF_THE_WORKBENCH = {"serve"}


def test_every_documented_command_is_tried(blocks):
    text = (blocks.ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^## funis (.+)$", text, re.MULTILINE))
    elsewhere = SHOWN_IN_THE_README | STARTED_IN_THE_TESTS_OF_THE_WORKBENCH
    assert documented == set(COMMANDS) | elsewhere


def run_keys(found, text):
    """The documented JSON of a run has the keys of a run."""
    part = text[text.index("## funis run") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    assert list(shown) == list(found)
    estimate = found["arms"]["placebo"]["endpoints"]["ACR20@12"]
    assert list(shown["arms"]["placebo"]["endpoints"]["ACR20@12"]) == list(estimate)
    assert list(shown["contrasts"][0]) == list(found["contrasts"][0])


def bench_keys(found, _):
    """The document of a benchmark has every part that is documented."""
    assert set(found) == {
        "research_use", "machine", "width", "ratios", "regimens", "throughput", "start", "memory",
        "moves", "browser",
    }  # fmt: skip
    row = found["ratios"]["libroadrunner"]["1e-4"]
    assert {"equal_tolerance", "equal_error", "low", "high"} <= set(row)
    assert set(found["ratios"]["libroadrunner"]) == {"1e-4", "1e-5", "1e-6"}
    assert [row["threads"] for row in found["throughput"]] == [1, 2]
    assert set(found["start"]) == {"cold", "warm"}
    assert set(found["memory"]) == {"64"}


def meta_keys(found, text):
    """The documented JSON of a meta-analysis has its keys."""
    part = text[text.index("## funis evidence meta") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    assert list(shown) == list(found)
    assert list(shown["strata"][0]) == list(found["strata"][0])


def validate_keys(found, _):
    """A validation has its rows, contrasts, coverage, scores and what it left out."""
    named = {"rows", "contrasts", "coverage80", "coverage95", "scores", "skipped"}
    assert named <= set(found)
    row = found["rows"][0]
    assert {"study", "arm", "endpoint", "week", "observed", "predicted"} <= set(row)
    assert {"low80", "high80", "low95", "high95", "inside80", "inside95", "crps"} <= set(row)
    assert list(found["scores"]) == ["model", "placebo_only", "class_mean", "prior_predictive"]
    assert set(found["skipped"][0]) == {"study", "arm", "endpoint", "week", "reason"}


def calibrate_keys(found, _):
    """A calibration says for each disease what its posterior is and what it rests on."""
    disease = found["diseases"]["ssc"]
    assert set(disease["posterior"]) == {"borrowed", "own", "prior"}
    assert disease["calibratability"]["label"] == "borrowed"
    assert 0 <= disease["posterior"]["own"]["no_effect"] <= 1


def export_keys(found, text):
    """The documented JSON of an export has its keys."""
    part = text[text.index("## funis export") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    assert list(shown) == list(found)


def documented_keys(name):
    """Whether the documented JSON of a command has its keys, and those of its first rows."""

    def check(found, text):
        part = text[text.index(f"## funis {name}") :]
        shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
        assert list(shown) == list(found)
        for key in {"rows", "levels"} & set(shown):
            assert list(shown[key][0]) == list(found[key][0])

    return check


def design_keys(found, text):
    """The documented JSON of a design has its keys, down to a dot and a series."""
    part = text[text.index("## funis design") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    assert set(shown) == set(found)
    (point,), (said,) = found["points"], shown["points"]
    assert list(said) == list(point)
    assert list(said["dots"][0]) == list(point["dots"][0])
    series = point["uncontrolled_series"][0]
    assert list(said["uncontrolled_series"][0]) == list(series)


def optimise_keys(found, text):
    """The documented JSON of a search has its keys, down to one candidate in one setting."""
    part = text[text.index("## funis optimise") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    assert list(shown) == list(found)
    assert list(shown["settings"][0]) == list(found["settings"][0])
    one, said = found["candidates"][0], shown["candidates"][0]
    assert list(said) == list(one)
    setting = "dose_flat own"
    assert list(said["settings"][setting]) == list(one["settings"][setting])


def plan_keys(found, text):
    """The documented JSON of a plan has its keys, down to one response."""
    part = text[text.index("## funis plan") :]
    shown = json.loads(re.search(r"```json\n(.*?)```", part, re.DOTALL)[1])
    assert list(shown) == list(found)
    assert list(shown["course"]) == list(found["course"])
    (said,) = shown["course"]["responses"]
    assert list(said) == list(found["course"]["responses"][0])


KEYS = {
    "plan": plan_keys,
    "explore": documented_keys("explore"),
    "design": design_keys,
    "optimise": optimise_keys,
    "export": export_keys,
    "product": documented_keys("product"),
    "product deliver": documented_keys("product deliver"),
    "product yield": documented_keys("product yield"),
    "boundaries": documented_keys("boundaries"),
    "adaptive": documented_keys("adaptive"),
    "escalation": documented_keys("escalation"),
    "draft": documented_keys("draft"),
    "run": run_keys,
    "validate": validate_keys,
    "calibrate": calibrate_keys,
    "bench": bench_keys,
    "evidence meta": meta_keys,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_documented_command_runs_and_gives_what_is_documented(name, place, blocks, request):
    command = COMMANDS[name]
    if "kept" in command:
        command = command.replace("CODE", request.getfixturevalue("code"))
    printed = "\n".join(blocks.run(command, place))
    assert "Traceback" not in printed
    if "--json" in command:
        found = json.loads(printed)
        assert "error" not in found
        assert isinstance(found, list) or found["research_use"] == RESEARCH_USE
        text = (blocks.ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
        KEYS.get(name, lambda *_: None)(found, text)
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
