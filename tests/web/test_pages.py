"""Every page of the workbench."""

import re
from html.parser import HTMLParser

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


class Inline(HTMLParser):
    """What of a page acts or looks by itself: the policy of the pages forbids all of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        acts = any(name == "style" or name.startswith(("on", "hx-on")) for name in given)
        links = any((value or "").lower().startswith("javascript:") for value in given.values())
        data = given.get("type") in ("application/json", "application/ld+json")
        if acts or links or tag == "style" or (tag == "script" and "src" not in given and not data):
            self.found.append((tag, given))


SUB_PAGES = (
    "/model/ra", "/model/ra/equations", "/model/ra/parameters", "/model/ra/structures",
    "/model/ra/scores", "/model/ra/tests", "/model/ra/diff", "/evidence/pool?disease=cd",
    "/evidence/claims", "/evidence/impact", "/evidence/impact/kafaja2017_ra",
    "/evidence/study/kafaja2017_ra", "/home/cards", "/explore/numbers", "/plan?disease=uc",
    "/trial?new=ra", "/nothing",
)  # fmt: skip


@pytest.mark.parametrize("path", [*(place.path for place in PLACES), *SUB_PAGES])
def test_no_page_holds_an_inline_script_or_style(client, path):
    answer = client.get(path)
    assert answer.status_code == (404 if path == "/nothing" else 200)
    assert Inline(answer.text).found == []


def test_what_acts_by_itself_is_noticed():
    for text in ("<p style=a>", "<b onclick=a>", "<style>", "<script>", "<a href='JavaScript:1'>"):
        assert Inline(text).found


def test_the_description_states_its_use(client):
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
