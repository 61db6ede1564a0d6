"""`funis runs` on the command line."""

import json

import pytest

from funis import store


@pytest.fixture
def damaged(tmp_path):
    """The folder of a plan whose one file was changed."""
    with store.run_folder(tmp_path / "plan") as folder:
        store.write_text(folder / "plan.json", "{}")
        plan = {"kind": "plan", "consultation": "c", "protocol": "p", "arm": "a", "title": "A plan"}
        store.write_manifest(folder, plan)
    (tmp_path / "plan" / "plan.json").write_text("{ }")
    return tmp_path


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_damaged_run_has_the_same_status_as_tables_and_as_json(form, damaged, funis):
    status, out, _ = funis("runs", "show", "plan", "--folder", str(damaged), *form)
    assert status == 1
    assert "plan.json" in (json.loads(out)["damaged"] if form else out)
