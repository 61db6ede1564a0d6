import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from funis.apps.cli import app
from funis.models import disease_ids, library_folder
from funis.report import RESEARCH_USE

SMALL = ("--patients", "6", "--workers", "1")
TWO_ARM = library_folder() / "trials" / "ra_two_arm.yaml"
TEXT = TWO_ARM.read_text(encoding="utf-8")


def test_help_names_every_command(funis):
    status, out, _ = funis("--help")
    assert status == 0
    for name in ("run", "demo", "check", "list", "simulate", "population", "gate"):
        assert f" {name} " in out
    assert funis()[1] == out


@pytest.mark.parametrize("command", ["run", "check", "list", "simulate", "gate", "gate placebo"])
def test_every_command_explains_itself(funis, command):
    status, out, _ = funis(*command.split(), "--help")
    assert status == 0
    assert "Usage: funis" in out


def test_the_version_is_that_of_the_package(funis):
    import funis as package

    assert funis("--version")[:2] == (0, f"funis {package.__version__}\n")


def test_help_loads_no_engine():
    code = (
        "import sys; from funis.apps.cli import app; from funis.apps.door import enter\n"
        "enter(app, ['--help']); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: funis" in done.stdout
    heavy = {"numpy", "scipy", "polars", "pydantic", "antimony", "roadrunner", "libsbml", "jinja2"}
    assert not heavy & set(done.stderr.split())


# ---- run


def test_a_run_prints_its_table_and_where_the_report_lies(funis, tmp_path):
    status, out, err = funis("run", "ra_two_arm", *SMALL)
    assert (status, err) == (0, "")
    assert "ACR 20 % response at week 12 (primary; share of patients)" in out
    assert RESEARCH_USE in out
    assert "Report: funis-ra_two_arm/report.html" in out
    assert (tmp_path / "funis-ra_two_arm" / "report.html").is_file()


def test_json_is_one_document_and_writes_nothing(funis, tmp_path):
    status, out, err = funis("run", "ra_two_arm", *SMALL, "--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert document["research_use"] == RESEARCH_USE
    assert document["arms"]["msc"]["n"] == 6
    assert list(tmp_path.iterdir()) == []


def test_json_with_a_folder_writes_the_same_document(funis, tmp_path):
    _, out, _ = funis("run", "ra_two_arm", *SMALL, "--json", "--out", "here", "--seed", "9")
    written = json.loads((tmp_path / "here" / "results.json").read_text(encoding="utf-8"))
    assert json.loads(out) == written
    assert written["seed"] == 9


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ra_dem"], "unknown trial 'ra_dem'; expected a trial file, or one of"),
        (["missing.yaml"], "missing.yaml: no such file"),
        (["."], ".: is a folder; expected a YAML file"),
        (["ra_demo", "--patients", "0"], "patients: 0 is out of range; expected a whole number"),
        (["ra_demo", "--workers", "-2"], "workers: -2 is out of range"),
        (["ra_demo", "--patients", "many"], "funis run: Invalid value for '--patients'"),
        (["ra_demo", "--patient", "3"], "funis run: No such option: --patient"),
        ([], "funis run: Missing argument 'TRIAL'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("as_json", [False, True])
def test_wrong_input_is_one_line_and_nothing_written(funis, tmp_path, words, line, as_json):
    status, out, err = funis("run", *words, *(["--json"] if as_json else []))
    assert status == 2
    assert err.startswith(line)
    assert err.count("\n") == 1
    assert "Traceback" not in err
    if as_json:
        assert json.loads(out) == {"error": [err.rstrip("\n")]}
    else:
        assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_several_faults_of_a_file_are_a_line_each(funis, tmp_path):
    text = TEXT.replace("route: iv", "route: ivv").replace("ACR50", "ACR55")
    (tmp_path / "bad.yaml").write_text(text)
    status, out, err = funis("run", "bad.yaml", "--json")
    lines = err.splitlines()
    assert (status, len(lines)) == (2, 2)
    assert all(line.startswith("bad.yaml:") for line in lines)
    assert json.loads(out)["error"] == lines


def test_a_foreign_folder_and_a_file_in_the_way_are_refused(funis, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    for name, words in (("mine", "holds 'notes.txt'"), ("file", "is not a folder")):
        status, out, err = funis("run", "ra_two_arm", *SMALL, "--out", name)
        assert (status, out) == (2, "")
        assert err.startswith(f"{name}: {words}")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_the_demo_replaces_its_own_folder_and_no_other(funis, tmp_path, monkeypatch):
    text = TEXT.replace("patients_per_arm: 60", "patients_per_arm: 3")
    (tmp_path / "small.yaml").write_text(text)
    monkeypatch.setattr("funis.pipeline.library.DEMO_TRIAL", "small.yaml")
    for _ in range(2):
        status, out, _ = funis("demo", "--workers", "1")
        assert (status, "Report: funis-demo/report.html" in out) == (0, True)
    (tmp_path / "funis-demo" / "notes.txt").write_text("mine")
    status, _, err = funis("demo", "--workers", "1")
    assert (status, "holds 'notes.txt'" in err) == (2, True)


def test_failed_patients_stand_in_the_first_line_and_an_arm_apart_is_status_1(funis, monkeypatch):
    import numpy as np

    from funis.solver import FAILED
    from funis.trial import course

    real = course.simulate

    def simulate(model, parameters, doses, *given, **more):
        found = real(model, parameters, doses, *given, **more)
        untreated = ~np.isin(np.arange(len(found.status)), doses.patient)
        found.status[untreated] = FAILED
        found.values[untreated] = np.nan
        return found

    monkeypatch.setattr(course, "simulate", simulate)
    status, out, err = funis("run", "ra_two_arm", *SMALL)
    assert status == 1
    assert out.startswith("! 6 virtual patients failed: placebo 6 (failed to solve)\n")
    assert "the same failure rate in all arms" in err


# ---- the others


def test_lists_are_lines_or_json(funis):
    status, out, _ = funis("list", "diseases")
    assert status == 0
    assert "ra   Rheumatoid arthritis\n" in out
    entries = json.loads(funis("list", "diseases", "--json")[1])
    assert [entry["id"] for entry in entries] == list(disease_ids())
    everything = funis("list")[1]
    assert everything.startswith("diseases\n  as ")
    assert re.search(r"\nroutes\n(  .*\n)*  iv ", everything)
    status, out, err = funis("list", "disease", "--json")
    assert (status, json.loads(out)["error"]) == (2, [err.rstrip()])


def test_check_tells_every_fault_and_the_kind_of_each_file(funis, tmp_path):
    (tmp_path / "good.yaml").write_bytes(TWO_ARM.read_bytes())
    (tmp_path / "bad.yaml").write_text(TEXT.replace("route: iv", "route: i"))
    status, out, err = funis("check", "good.yaml", "bad.yaml")
    assert status == 2
    assert out.splitlines() == [
        "good.yaml: trial, no errors",
        "bad.yaml: trial, errors",
        "2 checked: 1 errors, 0 warnings",
    ]
    assert err.startswith("bad.yaml:22: arms[1].interventions[0].route: unknown route 'i'")
    status, out, _ = funis("check", "bad.yaml", "--json")
    document = json.loads(out)
    assert (status, len(document["error"])) == (2, 1)
    assert document["files"][0]["kind"] == "trial"
    assert "error" not in json.loads(funis("check", "good.yaml", "--json")[1])


def test_simulate_shows_treated_beside_untreated(funis, tmp_path):
    status, out, _ = funis(
        "simulate", "ra", "--dose", "70e6:iv@0", "--dose", "20e6:iv@28", "--weeks", "4",
        "--patients", "3", "--workers", "1", "--csv", "course.csv",
    )  # fmt: skip
    assert status == 0
    assert out.startswith("70e6:iv@0 and 20e6:iv@28: median (10 % to 90 %) of 3 virtual patients")
    assert out.count("\n  treated ") == out.count("\n  untreated ") == 3
    assert RESEARCH_USE in out
    assert "Evidence: low" in out
    table = pl.read_csv(tmp_path / "course.csv")
    assert {"treated_median", "untreated_median", "evidence", "research_use"} <= set(table.columns)


def test_simulate_as_json(funis):
    words = ("simulate", "ra", "--dose", "70e6:iv@0", "--weeks", "1", "--patients", "2")
    document = json.loads(funis(*words, "--workers", "1", "--json")[1])
    assert document["research_use"] == RESEARCH_USE
    assert set(document["series"]["DAS28_CRP"]) >= {"treated", "untreated"}


STREAMED = (
    "simulate", "ra", "--dose", "70e6:iv@0", "--weeks", "1", "--patients", "3", "--workers", "1",
    "--out", "many",
)  # fmt: skip


def test_simulate_into_a_folder_prints_the_same_table_with_responders(funis, tmp_path):
    status, out, err = funis(*STREAMED, "--csv", "course.csv")
    assert (status, err) == (0, "")
    assert out.startswith("70e6:iv@0: median (10 % to 90 %) of 3 virtual patients")
    assert out.count("\n  treated ") == out.count("\n  untreated ") == 3
    assert "\nResponders, treated / untreated [%]  week 0 " in out
    assert "\n  EULAR_none                         100 / 100 " in out
    assert "\nPatients: many/chunks, 1 files\n" in out
    assert RESEARCH_USE in out
    assert (tmp_path / "course.csv").is_file()
    again = funis(*STREAMED)[1]
    assert "\nPatients: many/chunks, 1 files (1 kept from an earlier run)\n" in again


def test_simulate_into_a_folder_as_json_is_the_document_of_the_folder(funis, tmp_path):
    _, out, err = funis(*STREAMED, "--json")
    written = json.loads((tmp_path / "many" / "summary.json").read_text(encoding="utf-8"))
    assert (json.loads(out), err) == (written, "")
    assert set(written["responders"]["ACR20"]) >= {"treated", "untreated", "n", "definition"}


def test_simulate_refuses_a_folder_of_other_settings(funis):
    funis(*STREAMED)
    status, out, err = funis(*STREAMED, "--seed", "2")
    assert (status, out) == (2, "")
    assert err == (
        "many: holds a run with seed 1, not 2; expected an empty folder, another name or the same "
        "settings\n"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ra"], "--dose: no dose is given; expected at least one, such as 70e6:iv@0,28"),
        (["ra", "--dose", "x"], "--dose: 'x': cannot be read"),
        (["ra", "--dose", "70e6:iv@0", "--weeks", "0"], "weeks: 0.0 is out of range"),
        (["rb", "--dose", "70e6:iv@0"], "disease: unknown disease 'rb'"),
        (["ra", "--dose", "70e6:iv@0", "--csv", "."], ".: is a folder; expected the name"),
    ],
    ids=str,
)
def test_simulate_refuses_wrong_input(funis, words, line):
    status, out, err = funis("simulate", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(line)


def test_population_writes_a_table_and_prints_the_gate(funis, tmp_path, monkeypatch, pool):
    monkeypatch.setattr("funis.pipeline.population._first_plausible", lambda *_: pool)
    words = ("--patients", "20", "--workers", "1", "--out", "p.parquet")
    status, out, _ = funis("population", "ra", *words)
    assert status == 0
    assert "accepted" in out
    assert out.rstrip().endswith("Virtual patients: p.parquet")
    assert pl.read_parquet(tmp_path / "p.parquet").height == 150


def test_a_gate_that_is_not_passed_has_status_1_and_fills_its_place(funis, tmp_path, monkeypatch):
    from funis.pipeline import gate_values

    card = tmp_path / "card.md"
    card.write_text("<!-- generated: funis gate placebo ra -->\n<!-- end -->\n")
    words = ("gate", "placebo", "ra", "--patients", "50", "--workers", "1", "--into", "card.md")
    for passed, expected in ((True, 0), (False, 1)):
        monkeypatch.setattr(gate_values.PlaceboGate, "passed", property(lambda _, p=passed: p))
        status, out, _ = funis(*words)
        assert status == expected
        assert "ACR20 at week 12" in out
    assert "| ACR20 at week 12 |" in card.read_text()
    assert json.loads(funis(*words, "--json")[1])["passed"] is False


def test_a_gate_without_a_place_to_fill_is_refused_before_the_work(funis, tmp_path):
    (tmp_path / "card.md").write_text("nothing")
    status, out, err = funis("gate", "placebo", "ra", "--into", "card.md")
    assert (status, out) == (2, "")
    assert err.startswith("card.md: no place for 'funis gate placebo ra'")


def test_an_unknown_command_is_told_with_the_nearest(funis):
    status, out, err = funis("simulat", "ra")
    assert (status, out) == (2, "")
    names = [one.name or one.callback.__name__ for one in app.registered_commands]
    names += [one.name for one in app.registered_groups]
    line = (
        f"unknown command 'simulat'; expected one of {', '.join(names)}; did you mean 'simulate'?"
    )
    assert err == f"{line}\n"


# ---- as a program of its own


def program(*words, **given):
    path = Path(sys.executable).with_name("funis")
    return subprocess.Popen(
        [path, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given
    )


def test_engine_chatter_stays_off_standard_output(tmp_path):
    code = (
        "import os, sys\n"
        "from funis.apps import cli, door, terminal\n"
        "with terminal.one_document(True) as put:\n"
        "    os.write(1, b'chatter of an engine\\n'); print('chatter of Python')\n"
        "    put({'a': 1})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["a"] == 1
    assert sorted(done.stderr.splitlines()) == ["chatter of Python", "chatter of an engine"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("seconds", [2.5, 5.0])
def test_ctrl_c_is_one_line_status_130_and_nothing_written(tmp_path, seconds):
    import signal
    import time

    words = ("run", "ra_demo", "--json", "--out", "run", "--patients", "2000")
    process = program(*words, cwd=tmp_path)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted: nothing was written\n")
    assert json.loads(out) == {"error": ["interrupted: nothing was written"]}
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_early_is_no_fault():
    with program("list", "endpoints") as process:
        process.stdout.close()
        err = process.stderr.read()
    assert "Traceback" not in err
