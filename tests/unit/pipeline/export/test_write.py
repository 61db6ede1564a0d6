import json
import shutil

import polars as pl
import pytest

from funis.checks import InputError
from funis.pipeline.export import FORMATS, export
from funis.store import hash_file, read_manifest


def cut_short(path):
    path.write_bytes(path.read_bytes()[:300])


@pytest.fixture
def own(folder, tmp_path):
    """A run folder that a test may damage."""
    return shutil.copytree(folder, tmp_path / "run")


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_holds_every_table_a_page_and_its_hashes(form, folder, tmp_path):
    done = export(folder, form, out=tmp_path / "out")
    ending = FORMATS[form].ending
    names = {f"{n}.{ending}" for n in ("adsl", "adex", "adeff", "adendpt", "adtte", "adae")}
    assert {path.name for path in done.folder.iterdir()} == {*names, "README.md", "manifest.json"}
    page = (done.folder / "README.md").read_text(encoding="utf-8")
    assert "Not a medical device" in page
    assert "virtual patients only" in page
    assert "Evidence:" in page


def test_a_run_that_recorded_no_adverse_events_says_so(own, tmp_path):
    (own / "adverse_events.parquet").unlink(missing_ok=True)
    path = own / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    with_events = manifest["files"].pop("adverse_events.parquet", None)
    if with_events is not None:
        with pytest.raises(InputError, match=r"adverse_events\.parquet: no such file"):
            export(own, "csv", out=tmp_path / "out")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    done = export(own, "csv", out=tmp_path / "out")
    assert done.remarks == ("this run recorded no adverse events: ADAE has no rows",)
    assert done.rows["adae.csv"] == 0
    page = (done.folder / "README.md").read_text(encoding="utf-8")
    assert "That is not zero events" in page


def test_the_same_export_has_the_same_bytes(folder, tmp_path):
    first, second = (export(folder, "xpt", out=tmp_path / name).folder for name in "ab")
    assert read_manifest(first)["files"] == read_manifest(second)["files"]


def test_an_export_replaces_an_export_and_nothing_else(own, tmp_path):
    out = tmp_path / "out"
    export(own, "csv", out=out)
    export(own, "xpt", out=out)
    assert not (out / "adsl.csv").exists()
    with pytest.raises(InputError, match="holds a run of funis, not an export"):
        export(own, "csv", out=own)
    (out / "note.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'note.txt', which is not of a funis run"):
        export(own, "csv", out=out)
    assert (out / "adsl.xpt").exists()


def test_without_a_place_it_lies_beside_the_run(own):
    assert export(own, "csv").folder == own.with_name("run-csv")


@pytest.mark.parametrize(
    ("name", "harm", "words"),
    [
        ("doses.parquet", cut_short, "cannot be read; expected a"),
        ("subjects.parquet", lambda p: p.unlink(), "no such file; expected a Parquet table"),
        ("results.json", lambda p: p.write_text("{"), "cannot be read; expected the results"),
        ("manifest.json", lambda p: p.unlink(), "no such file; expected the folder of a funis run"),
    ],
)  # fmt: skip
def test_a_damaged_run_is_one_line_and_writes_nothing(own, tmp_path, name, harm, words):
    harm(own / name)
    with pytest.raises(InputError, match=words) as raised:
        export(own, "csv", out=tmp_path / "out")
    assert len(raised.value.issues) == 1
    assert name in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_table_that_was_changed_is_refused(own, tmp_path):
    shutil.copyfile(own / "doses.parquet", own / "observations.parquet")
    with pytest.raises(InputError, match="is not as a run wrote it"):
        export(own, "csv", out=tmp_path / "out")


def test_a_table_that_lacks_a_column_is_refused(own, tmp_path):
    path = own / "doses.parquet"
    pl.read_parquet(path).drop("route").write_parquet(path)
    manifest = json.loads((own / "manifest.json").read_text())
    manifest["files"][path.name] = hash_file(path)
    (own / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="has no column 'route'; expected the doses of a run"):
        export(own, "csv", out=tmp_path / "out")


def test_the_trial_has_to_be_the_one_that_was_run(own, tmp_path):
    with pytest.raises(InputError, match="is not the trial that was run; expected --trial with"):
        export(own, "csv", out=tmp_path / "out", trial="ra_demo")
    manifest = own / "manifest.json"
    moved = manifest.read_text().replace("library/trials/ra_two_arm.yaml", "gone/ra_two_arm.yaml")
    manifest.write_text(moved)
    with pytest.raises(
        InputError, match=r"was run from 'gone/ra_two_arm\.yaml', which is not there"
    ):
        export(own, "csv", out=tmp_path / "out")
    assert export(own, "csv", out=tmp_path / "out", trial="ra_two_arm").rows["adsl.csv"] > 0


@pytest.mark.parametrize("name", ["model_hash", "endpoints_hash"])
def test_a_model_or_endpoints_that_were_changed_since_are_refused(own, tmp_path, name):
    path = own / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, name: "0" * 64}))
    with pytest.raises(InputError, match="was run with another model of ra"):
        export(own, "csv", out=tmp_path / "out")


def test_a_run_older_than_the_hash_of_endpoints_is_still_written(own, tmp_path):
    path = own / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["endpoints_hash"]
    path.write_text(json.dumps(manifest))
    assert export(own, "csv", out=tmp_path / "out").rows["adsl.csv"] > 0


def test_an_unknown_format_names_the_nearest(folder):
    with pytest.raises(InputError, match=r"unknown format 'parket'.*did you mean 'parquet'\?"):
        export(folder, "parket")


def test_tables_need_a_run(tmp_path):
    with pytest.raises(InputError, match="no such folder; expected the folder of a run for csv"):
        export("ra_two_arm", "csv", out=tmp_path / "out")


def test_a_protocol_of_a_trial_or_of_a_run(folder, tmp_path):
    alone = export("ra_two_arm", "usdm", out=tmp_path / "a").folder / "usdm.json"
    ran = export(folder, "usdm", out=tmp_path / "b").folder / "usdm.json"
    numbers = []
    for path in (alone, ran):
        version = json.loads(path.read_text(encoding="utf-8"))["study"]["versions"][0]
        population = version["studyDesigns"][0]["population"]
        numbers.append(population["plannedEnrollmentNumber"]["value"])
    assert numbers[1] == 24  # those of the run, not of the trial file
    assert numbers[0] > 24
    with pytest.raises(InputError, match="unknown trial 'ra_two_arn'"):
        export("ra_two_arn", "usdm", out=tmp_path / "c")
