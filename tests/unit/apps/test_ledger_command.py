"""``funis ledger``, ``credibility``, ``petab``: status, a line for each fault, one document."""

import json
import shutil

import pytest

from funis.calibrate.ledger_file import LEDGER


@pytest.fixture
def copy(tmp_path):
    path = tmp_path / "ledger.yaml"
    shutil.copy(LEDGER, path)
    return path


def test_the_ledger_is_one_document_or_two_tables(funis):
    status, out, err = funis("ledger", "--json")
    assert (status, err) == (0, "")
    entries = json.loads(out)["entries"]
    assert len(entries) >= 5
    shown = funis("ledger")[1]
    assert all(entry["hash"][:12] in shown for entry in entries)


def test_a_changed_prediction_is_one_line_and_status_two(funis, copy):
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace('date: "2026', 'date: "2025', 1), encoding="utf-8")
    for words in ((), ("check",), ("score", "--studies", "none.yaml")):
        status, out, err = funis("ledger", *words, "--ledger", str(copy))
        assert (status, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert "was changed" in err


def test_a_check_says_how_many_predictions_stand(funis, copy):
    status, out, _ = funis("ledger", "check", "--ledger", str(copy), "--json")
    assert status == 0
    assert json.loads(out)["entries"] >= 5


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ledger", "predict", "--date", "soon"), "'soon' is no date"),
        (("ledger", "predict"), "--date"),
        (("credibility", "raa"), "did you mean 'ra'"),
        (("petab", "raa", "--out", "x"), "did you mean 'ra'"),
        (("evidence", "impact", "ra"), "nothing changes"),
        (("ledgr",), "did you mean 'ledger'"),
    ],
)
def test_wrong_input_is_one_line_with_the_nearest_name(funis, words, says):
    status, out, err = funis(*words)
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
