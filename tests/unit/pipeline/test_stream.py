import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from funis import store
from funis.analysis import RELATIVE_ERROR
from funis.checks import InputError
from funis.pipeline import course_plan, parts, stream
from funis.pipeline.chunks import Layout, chunk_table, simulate_block, table_chunk
from funis.pipeline.processes import Unfinished
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.report import RESEARCH_USE

SCRIPT = Path(__file__).with_name("streaming.py")
TIMES = ("sd", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "min", "max", "mean", "n")


def load():
    spec = importlib.util.spec_from_file_location("streaming", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STREAMING = load()


@pytest.fixture
def quick(small_pool, ra, evidence, monkeypatch):
    """Let a run begin without reading the library again."""
    grade = evidence_text(evidence_base(evidence))
    monkeypatch.setattr(course_plan, "load_model", lambda _: ra)
    monkeypatch.setattr(stream, "evidence_of", lambda _: grade)


@pytest.fixture
def cheap(quick, monkeypatch):
    """Let the stand-in solve the equations."""
    monkeypatch.setattr(course_plan, "simulate", STREAMING.stand_in())


def streamed(out, **given):
    call = {"weeks": 2, "patients": 50, "workers": 1, "layout": Layout(8, 2), **given}
    return stream.stream_cohort("ra", call.pop("doses", ["70e6:iv@0"]), out, **call)


def content(folder):
    paths = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def patients(folder):
    return pl.concat(pl.read_parquet(path) for path in sorted((folder / "chunks").iterdir()))


@pytest.fixture
def done(cheap, tmp_path):
    return streamed(tmp_path / "run")


# ---- what is written


def test_a_folder_holds_chunks_summaries_and_a_manifest_with_every_hash(done):
    files = content(done.folder)
    assert set(files) == {
        *(f"chunks/part-00000{number}.parquet" for number in range(4)),
        "summary.parquet", "responders.parquet", "summary.json", "manifest.json",
    }  # fmt: skip
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {name: store.hash_bytes(text) for name, text in files.items()}
    assert manifest["complete"] is True
    assert (manifest["settings"]["seed"], manifest["settings"]["patients"]) == (1, 50)
    assert len(manifest["settings_hash"]) == 64
    assert manifest["research_use"] == RESEARCH_USE


def test_every_table_bears_the_statement_and_the_grade_of_evidence(done):
    for path in done.folder.rglob("*.parquet"):
        marks = pl.read_parquet_metadata(path)
        assert marks["research_use"] == RESEARCH_USE
        assert marks["evidence"] == done.course.evidence != ""
        assert marks["doses"] == "70e6:iv@0"
    document = json.loads((done.folder / "summary.json").read_text(encoding="utf-8"))
    assert document == done.document()
    assert (document["research_use"], document["evidence"]) == (RESEARCH_USE, done.course.evidence)


def test_no_treated_column_is_without_its_twin(done):
    for path in done.folder.rglob("*.parquet"):
        names = pl.read_parquet_schema(path).names()
        treated = [name for name in names if "treated" in name and "untreated" not in name]
        assert treated
        for name in treated:
            assert name.replace("treated", "untreated") in names


def test_every_patient_has_a_row_a_time_and_numbers_are_single(done):
    table = patients(done.folder)
    assert table["patient"].unique().to_list() == list(range(50))
    assert table.height == 50 * len(done.course.days)
    assert table["DAS28_CRP_treated"].dtype == table["live_untreated"].dtype == pl.Float32
    assert table["week"].max() == 2


def test_the_patients_are_those_of_a_cohort_that_is_not_streamed(quick, tmp_path):
    from funis.pipeline.simulate import simulate_cohort

    found = streamed(tmp_path / "run", weeks=1, patients=6, layout=Layout(4, 1)).course
    whole = simulate_cohort("ra", ["70e6:iv@0"], weeks=1, patients=6, workers=1)
    more = {one.id: one for one in whole.series}
    assert {one.id for one in found.series} < set(more)  # without a folder, all of the mechanism
    for one, other in ((one, more[one.id]) for one in found.series):
        for group in ("treated", "untreated"):
            mine, theirs = getattr(one, group), getattr(other, group)
            np.testing.assert_array_equal(mine["typical"], theirs["typical"])
            assert np.all(mine["low"] <= theirs["median"] * (1 + 2 * RELATIVE_ERROR) + 1e-12)
            assert np.all(mine["high"] >= theirs["median"] * (1 - 2 * RELATIVE_ERROR) - 1e-12)


def test_summaries_are_those_of_the_patients(done):
    table = patients(done.folder).filter(pl.col("week") == 2).filter(~failed())
    summary = pl.read_parquet(done.folder / "summary.parquet").filter(pl.col("week") == 2)
    for row in summary.to_dicts():
        for group in ("treated", "untreated"):
            values = table[f"{row['output']}_{group}"].to_numpy().astype(float)
            mine = {name: row[f"{group}_{name}"] for name in TIMES}
            assert mine["n"] == len(values)
            exact = {"mean": values.mean(), "sd": values.std(ddof=1)}
            for name, number in exact.items():
                assert mine[name] == pytest.approx(number, rel=1e-9, abs=1e-12)
            assert (mine["min"], mine["max"]) == (values.min(), values.max())
            for name in (name for name in TIMES if name.startswith("q")):
                share = int(name[1:]) / 100
                exact = np.quantile(values, share, method="inverted_cdf")
                assert mine[name] == pytest.approx(exact, rel=RELATIVE_ERROR), name


def test_responders_are_counted(done):
    table = patients(done.folder).filter(~failed())
    found = pl.read_parquet(done.folder / "responders.parquet")
    assert set(found["n"]) == {table["patient"].n_unique()}
    for row in found.filter(pl.col("week") == 2).to_dicts():
        for group in ("treated", "untreated"):
            met = table.filter(pl.col("week") == 2)[f"{row['rule']}_{group}"]
            assert row[group] == met.sum()
    acr = found.filter((pl.col("rule") == "ACR20") & (pl.col("week") == 2))
    assert acr["treated"][0] > acr["untreated"][0] == 0


def failed():
    return pl.any_horizontal(pl.col("^status_.*$") == "failed to solve")


def test_failed_patients_are_counted_by_status_and_keep_rows_without_numbers(done):
    table = patients(done.folder)
    lost = table.filter(failed())
    n = lost["patient"].n_unique()
    assert 0 < n == done.course.failed == done.status["treated"]["failed to solve"]
    assert done.status["untreated"] == {"solved": 50}
    assert done.course.patients == 50 - n
    assert set(lost["status_untreated"]) == {"solved"}
    for name in ("DAS28_CRP_treated", "DAS28_CRP_untreated"):
        assert lost[name].is_nan().all()
    assert lost["ACR20_treated"].is_null().all()
    assert table.filter(~failed())["ACR20_treated"].null_count() == 0


def test_a_chunk_is_read_back_as_it_was(cheap, ra, small_pool):
    plan = course_plan.plan_cohort(
        "ra", ["70e6:iv@0"], weeks=1, patients=9, seed=1, outputs=(), workers=1
    )
    source = parts.Source(ra, small_pool, plan.courses, stream.Responses.of(ra.endpoints), 3)
    chunk = simulate_block(source, range(40, 90))
    again = table_chunk(chunk_table(chunk, source.columns), source.columns)
    assert chunk.failed.any()
    assert 0 < np.isfinite(chunk.deviation).sum() < chunk.deviation.size
    for name in ("patient", "pool_index", "status", "deviation", "values", "met"):
        np.testing.assert_array_equal(getattr(again, name), getattr(chunk, name))
        assert getattr(again, name).dtype == getattr(chunk, name).dtype


def test_second_solutions_are_counted_and_the_worst_is_told(cheap, done):
    columns = [f"solver_deviation_{course}" for course in ("treated", "untreated")]
    rows = patients(done.folder).group_by("patient", maintain_order=True).first().select(columns)
    found = np.concatenate([rows[name].drop_nulls().to_numpy() for name in columns])
    told = json.loads((done.folder / "summary.json").read_text())["second_solutions"]
    assert told["courses"] == len(found) > 0
    assert told["largest_deviation_in_rtol"] == pytest.approx(found.max(), rel=1e-3)
    assert told == done.second_solutions


# ---- the same bytes


@pytest.mark.parametrize("given", [{"in_flight": 1}, {"in_flight": 7}])
def test_a_patient_is_the_same_in_a_larger_cohort_and_another_file(cheap, done, tmp_path, given):
    more = streamed(tmp_path / "more", patients=70, layout=Layout(4, 3), **given)
    first, second = patients(done.folder), patients(more.folder)
    assert second.filter(pl.col("patient") < 50).equals(first)


def test_the_size_of_the_files_changes_no_summary(cheap, done, tmp_path):
    other = streamed(tmp_path / "other", layout=Layout(8, 5))
    for name in ("summary.parquet", "responders.parquet", "summary.json"):
        assert (other.folder / name).read_bytes() == (done.folder / name).read_bytes()
    assert patients(other.folder).equals(patients(done.folder))


def test_one_and_two_processes_give_the_same_bytes(quick, tmp_path):
    given = {"weeks": 1, "patients": 14, "layout": Layout(2, 2)}
    one = streamed(tmp_path / "one", **given)
    two = streamed(tmp_path / "two", workers=2, in_flight=1, **given)
    assert content(one.folder) == content(two.folder)


def test_a_complete_run_again_simulates_nobody_and_keeps_every_byte(done, monkeypatch):
    before = content(done.folder)

    def nobody(*_):
        raise AssertionError("simulated again")

    monkeypatch.setattr(parts, "simulate_block", nobody)
    again = streamed(done.folder)
    assert (again.kept, again.files) == (4, 4)
    assert content(done.folder) == before
    assert again.document() == done.document()


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1")])
def test_a_file_that_was_lost_or_damaged_is_made_again(done, harm):
    before = content(done.folder)
    harm(done.folder / "chunks" / "part-000002.parquet")
    assert streamed(done.folder).kept == 3
    assert content(done.folder) == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_a_run_that_ends_early_goes_on_with_the_same_bytes(cheap, done, tmp_path, stop):
    calls = []

    def ending(label, items, total):
        for item in items:
            calls.append(item.name)
            if len(calls) == 3:
                raise stop
            yield item

    place = tmp_path / "again"
    wanted = Unfinished if stop is KeyboardInterrupt else stop
    with pytest.raises(wanted) as told:
        streamed(place, progress=ending)
    if stop is KeyboardInterrupt:
        assert str(told.value) == (
            f"interrupted: 2 of 4 files are whole in {place}; the same command goes on"
        )
    assert store.read_manifest(place)["complete"] is False
    assert streamed(place).kept == 2
    assert content(place) == content(done.folder)


# ---- refusals


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seed": 2}, "holds a run with seed 1, not 2"),
        ({"patients": 51}, "holds a run with patients 50, not 51"),
        ({"doses": ["70e6:iv@0,7"]}, "holds a run with doses"),
        ({"weeks": 3}, r"holds a run with weeks 2\.0, not 3\.0"),
        ({"outputs": ["crp"]}, "holds a run with outputs"),
    ],
)
def test_a_folder_of_other_settings_is_refused_and_left_as_it_is(done, given, words):
    before = content(done.folder)
    with pytest.raises(InputError, match=words) as told:
        streamed(done.folder, **given)
    assert len(told.value.issues) == 1
    assert content(done.folder) == before


def test_files_of_somebody_else_are_refused_and_left_as_they_are(cheap, done, tmp_path):
    (done.folder / "chunks" / "notes.txt").write_text("mine")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = content(tmp_path)
    for place, words in (
        ("run", r"holds 'chunks/notes\.txt', which is not of this run"),
        ("thesis", r"holds 'chapter\.txt', which is not of this run"),
        ("file", "is not a folder"),
        ("file/run", "cannot be written"),
    ):
        with pytest.raises(InputError, match=words):
            streamed(tmp_path / place)
    assert content(tmp_path) == before


def test_the_folder_of_a_trial_is_another_kind_of_run(cheap, tmp_path):
    with store.run_folder(tmp_path / "trial") as folder:
        store.write_manifest(folder, {"seed": 1})
    with pytest.raises(InputError, match="holds another kind of run"):
        streamed(tmp_path / "trial")


def test_too_many_patients_are_refused(tmp_path):
    with pytest.raises(InputError, match="patients: 4294967296 is out of range"):
        streamed(tmp_path / "run", patients=2**32)
    assert list(tmp_path.iterdir()) == []


# ---- as a program of its own


WORDS = ("simulate", "ra", "--dose", "70e6:iv@0", "--weeks", "2", "--workers", "1", "--json")


def program(out, *words, seconds=0.0, block=8, **given):
    call = [sys.executable, SCRIPT, str(seconds), str(block), *WORDS, "--out", out, *words]
    return subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given
    )


def finished(out, *words, **given):
    process = program(out, *words, **given)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return int(err.splitlines()[-1])


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream") / "run"
    finished(folder, "--patients", "90")
    return content(folder)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT], ids=str)
def test_a_killed_program_goes_on_with_the_same_bytes(tmp_path, uninterrupted, kill):
    place = tmp_path / "run"
    process = program(place, "--patients", "90", seconds=0.3)
    journal = place / store.JOURNAL
    while process.poll() is None and (not journal.exists() or journal.read_text().count("\n") < 2):
        time.sleep(0.02)
    process.send_signal(kill)
    out, err = process.communicate(timeout=30)
    noted = journal.read_text().count("\n")
    assert 2 <= noted < 6
    if kill == signal.SIGINT:
        line = f"interrupted: {noted} of 6 files are whole in {place}; the same command goes on"
        assert (process.returncode, err.splitlines()[0]) == (130, line)
        assert json.loads(out) == {"error": [line]}
    assert store.read_manifest(place)["complete"] is False
    with journal.open("a") as file:  # what a kill can leave behind
        file.write('{"file": "chunks/part-0000')
    (place / "chunks" / ".part-000003.parquet.0123456789ab").write_bytes(b"half")
    finished(place, "--patients", "90")
    assert content(place) == uninterrupted


@pytest.mark.skipif(os.name == "nt", reason="the resource module")
def test_memory_does_not_grow_with_the_number_of_patients(tmp_path):
    few, many = (
        finished(tmp_path / str(n), "--patients", str(n), block=512) for n in (4096, 40960)
    )
    assert many < 1.1 * few
    shutil.rmtree(tmp_path)
