"""``funis export``: a run to tables, a trial to a document, one line for each fault."""

import json

import pytest


def test_a_run_is_exported_and_read_back_by_its_own_hashes(funis, tmp_path):
    funis("run", "ra_two_arm", "--patients", "4", "--workers", "1", "--out", "done")
    status, out, err = funis("export", "done", "--format", "xpt")
    assert (status, err) == (0, "")
    assert "this run recorded no adverse events" in out or (tmp_path / "done-xpt/adae.xpt").exists()
    assert (tmp_path / "done-xpt" / "adsl.xpt").stat().st_size % 80 == 0
    found = json.loads(funis("export", "done", "--format", "csv", "--out", "c", "--json")[1])
    assert found["rows"]["adsl.csv"] == 8
    assert (tmp_path / "c" / "README.md").is_file()


def test_a_trial_is_exported_without_a_run(funis, tmp_path):
    status, out, _ = funis("export", "ra_two_arm", "--format", "usdm", "--out", "p")
    assert status == 0
    assert "Export: p" in out
    assert json.loads((tmp_path / "p" / "usdm.json").read_text("utf-8"))["usdmVersion"] == "4.0.0"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere",), "no such folder; expected the folder of a run"),
        (("ra_two_arm", "--format", "xtp"), "did you mean 'xpt'?"),
        (("ra_two_arn", "--format", "usdm"), "did you mean 'ra_two_arm'?"),
        (("empty",), "no such file; expected the folder of a funis run"),
        (("ra_two_arm", "--format", "usdm", "--out", "mine"), "holds 'a.txt', which is not of"),
    ],
)
def test_wrong_input_is_one_line_and_status_two(funis, tmp_path, words, says):
    for name in ("empty", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "a.txt").write_text("mine")
    status, out, err = funis("export", *words)
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
