"""``funis draft``: what is wrong is said of the file that was given, and no table beside it."""

import pytest

from funis.pipeline.draft import library_draft

REFUSED = "title: x\n"


@pytest.fixture
def refused(tmp_path):
    (tmp_path / "mine.yaml").write_text(REFUSED)
    return "mine.yaml"


def test_a_refused_trial_has_its_faults_and_no_table(funis, refused):
    status, out, err = funis("draft", refused)
    assert status == 2
    assert "visits" not in out
    assert "Arm" not in out
    assert err.splitlines()[0].startswith("mine.yaml:1: ")


def test_faults_of_standard_input_bear_its_sign(funis, monkeypatch):
    monkeypatch.setattr("funis.apps.terminal.standard_input", lambda: REFUSED)
    status, _, err = funis("draft", "-")
    assert status == 2
    assert all(line.startswith("-:1: ") for line in err.splitlines())


def test_faults_in_another_folder_bear_its_name(funis, refused, tmp_path):
    place = tmp_path / refused
    assert funis("draft", str(place))[2].startswith(f"{place}:1: ")


def test_a_trial_that_can_be_conducted_is_shown(funis):
    title = library_draft("ra_demo").document.data["title"]
    status, out, err = funis("draft", "ra_demo")
    assert (status, err) == (0, "")
    assert out.startswith(f"{title}: 600 patients, 10 visits, 52 weeks")
