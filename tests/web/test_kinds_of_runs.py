"""Every kind of stored run has a page, can be compared, read file by file, and deleted."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from funis.apps.cli import app
from funis.apps.web.storage import Status, jobs

ASKED = {
    "design": "design ra_two_arm --n 8,16 --replicates 2 --patients 16 --structures none",
    "plan": "plan ra --no-course",
    "cohort": "simulate ra --dose 70e6:iv@0 --patients 4 --weeks 4",
}
KINDS = ("run", *ASKED)


@pytest.fixture(scope="module")
def of_each_kind(a_run, tmp_path_factory):
    """The folder of one run of each kind, as the command line writes it."""
    folder = tmp_path_factory.mktemp("kinds")
    shutil.copytree(a_run, folder / "run")
    for kind, words in ASKED.items():
        found = CliRunner().invoke(app, [*words.split(), "--out", str(folder / kind)])
        assert found.exit_code == 0, found.output
    return folder


@pytest.fixture
def stored(settings, of_each_kind):
    """The same in the folder of the workbench."""
    folder = settings.folder / "runs"
    for kind in KINDS:
        shutil.copytree(of_each_kind / kind, folder / kind)
    yield folder
    for kind in KINDS:
        shutil.rmtree(folder / kind, ignore_errors=True)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_run_is_opened_compared_read_and_deleted(client, stored, kind):
    page = client.get(f"/runs/{kind}")
    assert page.status_code == 200
    assert f"/api/runs/{kind}/files/manifest.json" in page.text
    for other in KINDS:
        assert client.get(f"/runs?run={kind}&run={other}").status_code == 200
    for name in client.get(f"/api/runs/{kind}").json()["names"]:
        assert client.get(f"/api/runs/{kind}/files/{name}").status_code == 200, name
    assert client.delete(f"/api/runs/{kind}").status_code == 200
    assert client.get(f"/runs/{kind}").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_a_manifest_that_says_little_brings_no_page_down(client, stored, kind):
    path = stored / kind / "manifest.json"
    manifest = json.loads(path.read_text())
    told = {"kind", "settings", "program", "data"}
    path.write_text(json.dumps({key: manifest[key] for key in told & manifest.keys()}))
    assert client.get(f"/runs/{kind}").status_code == 200


@pytest.fixture
def failed(client):
    """A design that failed, asked about a protocol of its own."""
    asked = {"kind": "design", "protocol": "# mine\nid: mine\n", "sizes": [8]}
    with client.app.state.database.writing() as session:
        id = jobs.submit(session, "design", asked, "A design of mine").id
        attempt = jobs.claim(session, "worker").attempt
        jobs.finish(session, id, attempt, Status.FAILED, error="out of memory\nmore")
    yield id
    client.delete(f"/api/jobs/{id}")


def test_what_failed_is_listed_and_leads_back_to_its_trial(client, failed):
    page = client.get("/runs").text
    assert f'<a href="/trial/jobs/{failed}">A design of mine</a>' in page
    assert "✗ failed: out of memory</span>" in page
    assert f'href="/trial?job={failed}"' in client.get(f"/trial/jobs/{failed}").text
    editor = client.get(f"/trial?job={failed}")
    assert editor.status_code == 200
    assert "# mine\nid: mine\n" in editor.text
    assert "data-trial" not in editor.text
    client.delete(f"/api/jobs/{failed}")
    assert failed not in client.get("/runs").text
    assert client.get(f"/trial?job={failed}").status_code == 200


def test_the_page_of_a_design_leads_to_its_dots_where_its_job_is_of_this_workbench(
    client, of_each_kind, settings, failed
):
    place = settings.folder / "runs" / failed
    shutil.copytree(of_each_kind / "design", place)
    page = client.get(f"/runs/{failed}").text
    assert f'href="/trial/jobs/{failed}">Open its dots</a>' in page
    shutil.rmtree(place)
