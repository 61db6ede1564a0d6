"""Every page of the workbench."""

import re

import pytest

from funis.apps.web.pages.render import PLACES
from funis.report.statement import RESEARCH_USE


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_page_names_itself_and_carries_the_statement_of_use(client, place):
    answer = client.get(place.path)
    assert answer.status_code == 200
    assert RESEARCH_USE in answer.text
    assert answer.text.count("<h1") == 1
    assert f'<a href="{place.path}" aria-current="page">' in answer.text


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_no_page_holds_an_inline_script_or_style(client, place):
    text = client.get(place.path).text
    assert "<style" not in text
    assert " style=" not in text
    assert "<script>" not in text


def test_what_is_described_is_typed_and_states_its_use(client):
    described = client.get("/api/openapi.json").json()
    assert described["info"]["description"] == RESEARCH_USE


def test_the_style_that_reports_and_pages_share_is_served(client):
    page = client.get("/runs").text
    assert {*re.findall(r"/static/shared/(\w+)[.]css", page)} == {"tokens", "figures"}
    for sheet in re.findall(r"/static/shared/[^\"]+", page):
        answer = client.get(sheet)
        assert answer.headers["Content-Type"].startswith("text/css")
        assert len(answer.text) > 1000
    assert client.get("/static/shared/../style.css").status_code == 404
