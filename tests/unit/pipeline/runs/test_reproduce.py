"""A stored run made again."""

import json

import polars as pl
import pytest

from funis import store
from funis.checks import InputError
from funis.models import library_folder
from funis.pipeline.run import run_trial
from funis.pipeline.runs.reproduce import reproduce

from .conftest import SMALL

pytestmark = pytest.mark.usefixtures("small_pool")


def renote(place, **changes):
    path = place / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_run_made_again_is_the_same_byte_for_byte(runs, tmp_path):
    found = reproduce("seed3", folder=runs, workers=1, keep=tmp_path / "again")
    assert found.sentence == "7 of 7 files identical, 4 of 4 tables among them"
    assert found.identical
    assert (found.damaged, found.versions, found.guessed) == ((), (), "")
    for name in ("manifest.json", "report.html", "subjects.parquet"):
        assert (runs / "seed3" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_changed_table_is_named_with_the_column_and_the_distance(runs):
    path = runs / "seed3" / "observations.parquet"
    table = pl.read_parquet(path)
    store.write_table(path, table.with_columns(pl.col("value") + 0.5))
    found = reproduce("seed3", folder=runs, workers=1)
    (apart,) = [one for one in found.files if not one.same]
    assert not found.identical
    assert found.damaged == ("observations.parquet",)
    assert apart.told == "other values in value; largest difference 0.5"


def test_the_same_numbers_in_other_bytes_are_the_same_table(runs):
    path = runs / "seed3" / "observations.parquet"
    pl.read_parquet(path).write_parquet(path, compression="lz4")
    found = reproduce("seed3", folder=runs, workers=1)
    match = {one.name: one.match for one in found.files}
    assert match["observations.parquet"] == "same numbers"
    assert found.identical


def test_another_library_than_then_is_said(runs):
    renote(runs / "seed3", library_version="funis 0.0.1")
    found = reproduce("seed3", folder=runs, workers=1)
    assert [row[:2] for row in found.versions] == [("funis", "funis 0.0.1")]


def test_a_run_outlives_the_file_of_its_trial(tmp_path):
    trial = tmp_path / "my_trial.yaml"
    trial.write_text((library_folder() / "trials" / "ra_two_arm.yaml").read_text())
    run_trial(trial, seed=3, out=tmp_path / "run", **SMALL)
    trial.write_text(trial.read_text().replace("weeks", "weeks ", 1) + "\n# edited\n")
    trial.unlink()
    assert reproduce(tmp_path / "run", workers=1).identical
    (tmp_path / "run" / "trial.yaml").write_text("id: other\n")
    with pytest.raises(InputError, match=r"trial\.yaml"):
        reproduce(tmp_path / "run", workers=1)
    (tmp_path / "run" / "trial.yaml").unlink()
    with pytest.raises(InputError, match="is not there any more, or was changed; expected --trial"):
        reproduce(tmp_path / "run", workers=1)


def test_a_manifest_of_before_is_made_again_from_its_command(runs):
    path = runs / "seed3" / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in ("kind", "request", "figures", "code", "run"):
        del manifest[name]
    path.write_text(json.dumps(manifest))
    assert reproduce("seed3", folder=runs, workers=1).identical


def test_a_manifest_that_does_not_say_enough_is_refused(runs):
    place = runs / "seed3"
    renote(place, request=None, command="")
    with pytest.raises(InputError, match="names no command"):
        reproduce(place, workers=1)
