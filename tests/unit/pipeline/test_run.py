import json
import os

import numpy as np
import polars as pl
import pytest

from funis.checks import InputError
from funis.pipeline.run import (
    check_writable,
    find_evidence,
    finite,
    json_text,
    results_document,
    run_trial,
)
from funis.report import RESEARCH_USE
from funis.solver import FAILED
from funis.trial import course

FILES = {
    "report.html", "results.json", "manifest.json", "subjects.parquet", "doses.parquet",
    "observations.parquet", "adverse_events.parquet", "trial.yaml",
}  # fmt: skip


def small(**changes):
    given = {"patients": 6, "seed": 3, "workers": 1, "twins": 2}
    return run_trial("ra_two_arm", **(given | changes))


def test_the_document_is_as_documented(done):
    document = results_document(done)
    assert list(document)[:5] == ["research_use", "seed", "failed", "arms", "contrasts"]
    assert document["research_use"] == RESEARCH_USE
    assert document["failed"] == {"placebo": {}, "msc": {}}
    arm = document["arms"]["msc"]
    assert arm["n"] == 12
    assert set(arm["endpoints"]) == {"ACR20@12", "DAS28_CRP_change@12", "ACR50@24"}
    estimate = arm["endpoints"]["ACR20@12"]
    assert list(estimate)[:3] == ["estimate", "low", "high"]
    assert 0 <= estimate["low"] <= estimate["estimate"] <= estimate["high"] <= 1
    contrast = document["contrasts"][0]
    assert list(contrast)[:8] == [
        "arm", "reference", "endpoint", "week", "measure", "estimate", "low", "high",
    ]  # fmt: skip
    assert (contrast["arm"], contrast["reference"]) == ("msc", "placebo")


def test_contrasts_are_the_differences_of_the_estimates(done):
    document = results_document(done)
    for contrast in document["contrasts"]:
        arm, reference = (
            document["arms"][contrast[key]]["endpoints"][contrast["endpoint"]]["estimate"]
            for key in ("arm", "reference")
        )
        assert contrast["estimate"] == pytest.approx(arm - reference)


def test_a_run_folder_is_complete_and_says_what_it_is(small_pool, tmp_path):
    result = small(out=tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    written = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert written == result.document
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["program"], manifest["seed"]) == ("funis", 3)
    assert manifest["research_use"] == RESEARCH_USE
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    assert RESEARCH_USE in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for name in ("subjects", "doses", "observations", "adverse_events"):
        path = tmp_path / "run" / f"{name}.parquet"
        assert pl.read_parquet_metadata(path)["research_use"] == RESEARCH_USE
        assert pl.read_parquet(path).equals(getattr(result.data, name))


def test_a_run_again_gives_the_same_bytes_and_replaces_the_first(small_pool, tmp_path):
    small(out=tmp_path / "run")
    first = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    small(out=tmp_path / "run")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == first


def test_another_seed_gives_another_trial(small_pool):
    first, second = small(), small(seed=4)
    assert first.document["arms"] != second.document["arms"]


def test_a_file_by_path_gives_the_results_of_the_library_name(small_pool, tmp_path):
    from funis.models import library_folder

    copy = tmp_path / "copy.yaml"
    copy.write_bytes((library_folder() / "trials" / "ra_two_arm.yaml").read_bytes())
    named = small()
    found = run_trial(copy, patients=6, seed=3, workers=1, twins=2)
    assert found.document == named.document


def test_a_folder_of_somebody_else_is_refused_before_the_run(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'notes\.txt'"):
        small(out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "wrong", [{"patients": 0}, {"seed": -1}, {"workers": 0}, {"twins": -1}], ids=str
)
def test_arguments_out_of_range_are_refused_and_nothing_is_written(tmp_path, wrong):
    with pytest.raises(InputError, match="is out of range"):
        small(out=tmp_path / "run", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_fault_on_the_way_leaves_nothing(small_pool, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("funis.pipeline.run.write_trial", full)
    with pytest.raises(OSError, match="disk full"):
        small(out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def failing(monkeypatch):
    """Let the solver fail for the patients of the placebo arm after the start."""
    real = course.simulate

    def simulate(model, parameters, doses, *given, **more):
        found = real(model, parameters, doses, *given, **more)
        untreated = ~np.isin(np.arange(len(found.status)), doses.patient)
        found.status[untreated] = FAILED
        found.values[untreated] = np.nan
        return found

    monkeypatch.setattr(course, "simulate", simulate)


def test_failed_patients_are_counted_with_their_reason_and_an_arm_apart_is_an_error(
    small_pool, failing
):
    result = small()
    assert result.document["failed"] == {"placebo": {"failed to solve": 6}, "msc": {}}
    assert result.n_failed == 6
    assert result.document["arms"]["placebo"]["n"] == 0
    assert result.document["arms"]["placebo"]["endpoints"]["ACR20@12"]["estimate"] is None
    assert result.issues.errors
    assert "the computation failed for 0 of 6" in result.document["issues"][0]
    json_text(result.document)


def test_a_disease_without_evidence_has_none(ra):
    import dataclasses

    assert find_evidence(dataclasses.replace(ra, id="nothing")) is None


def test_what_is_not_a_number_is_none():
    assert finite({"a": (np.float64(1.5), float("nan"), [float("inf")]), 2: "x"}) == {
        "a": [1.5, None, [None]],
        "2": "x",
    }


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        check_writable(tmp_path / "a" / "b")


def test_a_file_on_the_way_and_a_folder_in_place_of_a_file_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        check_writable(tmp_path / "file" / "run")
    with pytest.raises(InputError, match="is a folder; expected the name of a file"):
        check_writable(tmp_path, file=True)
    check_writable(tmp_path / "new" / "run")
