"""What a folder of runs tells of itself."""

import json
import os
import shutil
import sys

import polars as pl
import pytest

from funis import store
from funis.checks import InputError
from funis.pipeline.runs import (
    damaged_files,
    delete_run,
    find_run,
    list_runs,
    newest_runs,
    record,
    run_at,
)


def test_runs_are_listed_the_last_written_first_with_what_they_found(runs):
    os.utime(runs / "seed3" / "manifest.json", (2e9, 2e9))
    first, second = list_runs(runs)
    assert (first.id, second.id) == ("seed3", "seed4")
    assert (first.kind, first.status, first.trial, first.seed) == (
        "run", "complete", "ra_two_arm", 3,
    )  # fmt: skip
    assert first.patients == 12
    assert first.code.startswith("ra-")
    assert first.code != second.code


def test_a_headline_is_the_judged_contrast_with_its_interval_and_what_stands_behind(runs):
    run = find_run("seed3", runs)
    document = json.loads((runs / "seed3" / "results.json").read_text())
    contrast = next(row for row in document["contrasts"] if row["endpoint"] == "ACR20@12")
    (headline,) = run.headline
    numbers = headline.interval
    assert (numbers.estimate, numbers.low, numbers.high) == tuple(
        contrast[name] for name in ("estimate", "low", "high")
    )
    assert headline.words == "msc minus placebo, ACR20 at week 12"
    assert headline.basis == "simulated, randomised, 12 virtual patients"
    assert "randomised studies" in run.evidence


def test_a_damaged_table_and_a_lost_one_are_named(runs):
    assert damaged_files(runs / "seed3") == ()
    place = runs / "seed3"
    (place / "doses.parquet").unlink()
    with (place / "subjects.parquet").open("ab") as file:
        file.write(b"x")
    assert damaged_files(place) == ("doses.parquet", "subjects.parquet")
    assert find_run("seed3", runs).status == "damaged"


def test_a_manifest_of_before_the_codes_is_read_too(runs):
    path = runs / "seed3" / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in ("kind", "request", "figures", "code", "run", "disease_id"):
        del manifest[name]
    path.write_text(json.dumps(manifest))
    run = find_run("seed3", runs)
    assert (run.kind, run.seed, run.code) == ("run", 3, "")
    assert run.headline[0].words == "msc minus placebo, ACR20 at week 12"


def test_other_folders_and_manifests_of_others_are_passed_over(runs):
    (runs / "mine").mkdir()
    (runs / "mine" / "notes.txt").write_text("x")
    (runs / "page").mkdir()
    (runs / "page" / "manifest.json").write_text('{"name": "an app"}')
    (runs / ".hidden").mkdir()
    store.write_manifest(runs / ".hidden", {"kind": "plan"})
    store.write_manifest(runs / "mine" / "export", {"kind": "export"})
    assert {run.id for run in list_runs(runs)} == {"seed3", "seed4"}


def change(**values):
    return lambda manifest: json.dumps({**manifest, **values})


DAMAGES = {
    "no file list": change(files=None), "a number for files": change(files=3),
    "the protocol as text": change(protocol="ra_two_arm"), "no settings": change(settings=None),
    "a figure of another shape": change(figures=[{"id": "a", "kind": "figure", "colour": "red"}]),
    "patients as text": change(patients="many"), "failed as text": change(failed={"msc": "two"}),
    "half of a character": change(title="\ud800"),
    "cut short": lambda manifest: json.dumps(manifest)[:99], "empty": lambda manifest: "",
    "deep": lambda manifest: "[" * 100_000, "not text": lambda manifest: "\udcff",
}  # fmt: skip


@pytest.mark.parametrize("harm", DAMAGES)
def test_a_manifest_that_is_not_as_funis_writes_it_is_listed_as_damaged(runs, harm):
    path = runs / "seed3" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_bytes(DAMAGES[harm](manifest).encode(errors="surrogateescape"))
    found = {run.id: run for run in list_runs(runs)}
    assert (found["seed3"].status, found["seed3"].title) == ("damaged", "seed3")
    assert found["seed3"].kind_words == "damaged run"
    assert found["seed4"].status == "complete"
    for ask in (find_run, run_at):
        with pytest.raises(InputError, match=r"manifest\.json") as told:
            ask("seed3", runs)
        assert len(told.value.issues) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a name is text")
def test_a_folder_whose_name_is_no_text_is_passed_over(runs):
    shutil.copytree(runs / "seed3", runs / os.fsdecode(b"\xff"))
    assert {run.id for run in list_runs(runs)} == {"seed3", "seed4"}


def test_only_the_runs_that_are_taken_are_read_as_a_whole(runs, monkeypatch):
    os.utime(runs / "seed4" / "manifest.json", (2e9, 2e9))
    read, stored = [], record.stored_run

    def counted(place, above):
        read.append(place.name)
        return stored(place, above)

    monkeypatch.setattr(record, "stored_run", counted)
    assert next(newest_runs(runs)).id == "seed4"
    assert read == ["seed4"]


@pytest.mark.parametrize("content", ['{"arms": 1}', '{"contrasts": [{}], "success": [{}]}', "[]"])
def test_results_of_another_shape_make_a_run_damaged_and_no_list_impossible(runs, content):
    (runs / "seed3" / "results.json").write_text(content)
    assert find_run("seed3", runs).headline == ()
    assert len(list_runs(runs)) == 2


def test_a_plain_id_is_found_without_a_look_at_every_other_run(runs, monkeypatch):
    monkeypatch.setattr(record, "run_folders", None)
    assert find_run("seed3", runs).seed == 3
    assert run_at("seed4", runs).seed == 4


@pytest.mark.parametrize("name", ["", ".", "..", "a" * 300, "a\0b", ".seed3", "link"])
def test_a_name_that_is_no_id_is_no_run(runs, name):
    (runs / "link").symlink_to(runs / "seed3")
    with pytest.raises(InputError, match="no run"):
        find_run(name, runs)


def test_an_unknown_run_is_refused_with_the_nearest_and_no_path_leads_out(runs):
    with pytest.raises(InputError, match="did you mean 'seed3'"):
        find_run("sed3", runs)
    for name in ("../runs/seed3", "/etc", "seed3/..", ""):
        with pytest.raises(InputError, match="no run"):
            find_run(name, runs)
    with pytest.raises(InputError, match="no such folder; expected a folder that holds runs"):
        list_runs(runs / "nowhere")


def test_a_run_is_found_by_its_path_as_well(runs):
    assert run_at(runs / "seed4").seed == 4
    assert run_at("seed4", runs).seed == 4


def test_a_deleted_run_is_gone_and_nothing_beside_it(runs):
    delete_run("seed3", folder=runs)
    assert [path.name for path in runs.iterdir()] == ["seed4"]


def test_a_run_with_something_else_in_its_folder_is_not_deleted(runs):
    (runs / "seed3" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'notes\.txt', which is not of this run"):
        delete_run("seed3", folder=runs)
    assert pl.read_parquet(runs / "seed3" / "subjects.parquet").height == 12


def test_a_cohort_that_is_being_written_is_not_deleted(tmp_path):
    settings = {"disease": "ra", "patients": 4, "seed": 1}
    place = tmp_path / "cohort"
    with store.chunk_folder(place, settings, ["a.txt"], {}) as folder:
        store.write_text(folder.path / "a.txt", "a")
        folder.record("a.txt", store.hash_file(folder.path / "a.txt"))
        assert find_run("cohort", tmp_path).status == "unfinished"
        with pytest.raises(InputError, match="is being written by another process"):
            delete_run("cohort", folder=tmp_path)
    delete_run("cohort", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
