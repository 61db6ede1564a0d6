"""Explore behind its page: what the API answers, and how its queue treats moves."""

import asyncio
import json
import re
import threading
import time
from dataclasses import replace

import pytest

from funis.apps.web.api.explore_answers import ExploreAnswer, OptionsAnswer, WhyAnswer
from funis.apps.web.moves import MOST_WAITING, Moves, TooMany
from funis.models import disease_ids
from funis.pipeline.explore import default_state, explore, parse_link, permalink
from funis.pipeline.explore.document import document, tidy_csv
from funis.report.statement import RESEARCH_USE, SIMULATED

PLACE = "disease=ra&route=iv&dose=7e7&times=2&every=28&weeks=12&patients=20"
HOSTILE = "<script>alert(1)</script>' OR 1=1 --"


def test_a_view_is_what_the_pipeline_gives_and_fits_its_description(client):
    answer = client.get(f"/api/explore?{PLACE}&tab=a&move=1")
    assert answer.status_code == 200
    ExploreAnswer.model_validate(answer.json())
    assert answer.json() == json.loads(json.dumps(document(explore(parse_link(PLACE)))))
    assert answer.json()["research_use"] == RESEARCH_USE
    assert answer.json()["link"] == permalink(parse_link(PLACE))


def test_a_view_that_the_browser_has_is_not_sent_again(client):
    first = client.get(f"/api/explore?{PLACE}")
    again = client.get(f"/api/explore?{PLACE}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    other = client.get(f"/api/explore?{PLACE}&hold=200")
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("disease=raa", "did you mean 'ra'?"),
        ("disease=ra&dose=1", "dose: 1 is out of range"),
        ("disease=ra&rout=iv", "did you mean 'route'?"),
        ("disease=ra&seed=1&seed=2", "seed: it stands twice"),
        ("disease=..%2f..%2fetc", "unknown disease '../../etc'"),
        ("disease=t1d&established=yes&presymptomatic=yes", "0 of 1948 plausible patients"),
    ],
)
@pytest.mark.parametrize("path", ["/api/explore", "/api/explore/files/data.csv"])
def test_a_wrong_place_is_refused_in_one_line(client, path, query, words):
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 422
    (line,) = answer.json()["detail"]
    assert words in line


@pytest.mark.parametrize("path", ["/explore", "/explore/numbers"])
def test_what_a_link_injects_comes_out_as_text(client, path):
    for query in (f"disease={HOSTILE}", f"disease=ra&shape={HOSTILE}", f"disease=ra&{HOSTILE}=1"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert" in answer.text


@pytest.mark.parametrize("disease", disease_ids())
def test_the_options_of_a_disease_hold_its_default(client, disease):
    answer = client.get(f"/api/explore/options?disease={disease}")
    shown = OptionsAnswer.model_validate(answer.json())
    assert parse_link(shown.default) == default_state(disease)
    assert len(shown.diseases) == 8
    page = client.get(f"/explore?disease={disease}")
    assert page.status_code == 200
    for one in (*shown.traits, *shown.shapes):
        assert one.name in page.text


def test_every_number_behind_a_control_has_a_source(client):
    shown = WhyAnswer.model_validate(client.get(f"/api/explore/why?{PLACE}").json())
    assert {row.control for row in shown.rows} >= {"dose", "hold", "route", "female"}
    assert all(row.source for row in shown.rows)


def test_files_hold_twin_grade_and_banner(client):
    table = client.get(f"/api/explore/files/data.csv?{PLACE}")
    assert table.text == tidy_csv(explore(parse_link(PLACE)))
    picture = client.get(f"/api/explore/files/figure.svg?{PLACE}")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    plain = " ".join(re.sub(r"<[^>]+>", " ", picture.text).split())
    for words in (
        RESEARCH_USE,
        SIMULATED,
        "Evidence on umbilical cord cells by vein",
        "on the twin",
    ):
        assert words in plain
    assert 'class="curve twin"' in picture.text
    assert "<script" not in picture.text
    trial = client.get(f"/api/explore/files/protocol.yaml?{PLACE}")
    assert "id: ra_explored" in trial.text
    assert client.get(f"/api/explore/files/x.csv?{PLACE}").status_code == 422


def test_the_page_without_a_script_leads_to_the_numbers(client):
    page = client.get(f"/explore?{PLACE}")
    (link,) = set(re.findall(r'/explore/numbers\?([^"]+)"', page.text))
    numbers = client.get(f"/explore/numbers?{link.replace('&amp;', '&')}")
    assert numbers.status_code == 200
    for words in ("Responders at week 12", "Twin", "From vial to vein", "no placebo response"):
        assert words in numbers.text


def test_nothing_of_a_place_is_kept_from_one_visitor_to_another(client):
    """Many visitors at once: each gets the place that he asked for."""
    found = {}

    def visit(number):
        place = f"disease=ra&route=iv&dose={number + 1}e7&times=1&every=28&weeks=4&patients=20"
        found[number] = (place, client.get(f"/api/explore?{place}&tab=t{number}&move=1").json())

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 8
    for place, shown in found.values():
        assert shown["link"] == permalink(parse_link(place))
        assert shown == json.loads(json.dumps(document(explore(parse_link(place)))))


@pytest.fixture
def slow(monkeypatch):
    """A view takes as long as the test wants; what was begun is written down."""
    gate, begun = threading.Event(), []

    def view(state):
        begun.append(state.times)
        assert gate.wait(20)
        return str(state.times).encode()

    monkeypatch.setattr("funis.apps.web.moves.view_bytes", view)
    monkeypatch.setattr("funis.apps.web.moves.AT_ONCE", 1)
    yield gate, begun
    gate.set()


async def until_begun(begun, count=1):
    """Wait until so many views were begun, however busy the machine is."""
    while len(begun) < count:
        await asyncio.sleep(0.005)


def places(count):
    first = parse_link(PLACE)
    return [replace(first, times=number + 1) for number in range(count)]


def test_a_superseded_move_is_skipped_before_it_starts(slow):
    gate, begun = slow

    async def drag():
        moves = Moves()
        asked = []
        for number, state in enumerate(places(5), start=1):
            asked.append(asyncio.create_task(moves.answer(state, ("me", "tab"), number)))
            await until_begun(begun)
            await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*asked)

    first, *skipped, last = asyncio.run(drag())
    assert first.body == b"1"
    assert skipped == [None, None, None]
    assert last.body == b"5"
    assert begun == [1, 5]


def test_the_move_of_another_tab_or_visitor_supersedes_nothing(slow):
    gate, begun = slow

    async def both():
        moves = Moves()
        tabs = [("me", "a"), ("me", "b"), ("you", "a")]
        asked = [
            asyncio.create_task(moves.answer(state, tab, 9 - number))
            for number, (state, tab) in enumerate(zip(places(3), tabs, strict=True))
        ]
        await until_begun(begun)
        gate.set()
        return await asyncio.gather(*asked)

    assert [one.body for one in asyncio.run(both())] == [b"1", b"2", b"3"]
    assert begun == [1, 2, 3]


def test_a_queue_that_is_full_says_so(slow):
    gate, _ = slow

    async def crowd():
        moves = Moves()
        moves._waiting = MOST_WAITING
        with pytest.raises(TooMany):
            await moves.answer(places(1)[0])
        moves._waiting = 0
        gate.set()
        return await moves.answer(places(1)[0])

    assert asyncio.run(crowd()).body == b"1"


def test_a_view_that_is_begun_beforehand_is_computed_once_and_waited_for(slow):
    gate, begun = slow
    (place,) = places(1)

    async def open_page():
        moves = Moves()
        moves.warm(place)
        moves.warm(place)
        asked = [asyncio.create_task(moves.answer(place, ("me", "tab"), n)) for n in (1, 2)]
        await asyncio.sleep(0.05)
        asked[1].cancel()  # a reader who leaves takes it from nobody
        gate.set()
        first = await asked[0]
        return first, await moves.answer(place), moves._waiting, moves._begun

    first, again, waiting, left = asyncio.run(open_page())
    assert first is again
    assert begun == [1]
    assert (waiting, left) == (0, {})


def test_nothing_is_begun_beforehand_where_somebody_would_wait_for_it(slow):
    gate, begun = slow
    first, second = places(2)

    async def page_beside_a_move():
        moves = Moves()
        asked = asyncio.create_task(moves.answer(first))
        await asyncio.sleep(0.05)
        moves.warm(second)
        gate.set()
        await asked
        moves.close()

    asyncio.run(page_beside_a_move())
    assert begun == [1]


def test_a_view_that_is_begun_beforehand_counts_in_the_queue(slow, monkeypatch):
    gate, _ = slow
    monkeypatch.setattr("funis.apps.web.moves.MOST_WAITING", 1)
    first, second = places(2)

    async def full():
        moves = Moves()
        moves.warm(first)
        with pytest.raises(TooMany):
            await moves.answer(second)
        gate.set()

    asyncio.run(full())


@pytest.mark.parametrize("path", ["/explore/numbers", "/api/explore/files/data.csv"])
def test_tables_and_files_wait_in_the_queue_of_moves(client, monkeypatch, path):
    monkeypatch.setattr(client.app.state.moves, "_waiting", MOST_WAITING)
    answer = client.get(f"{path}?{PLACE}")
    assert answer.status_code == 503
    assert "too many moves wait" in answer.text


def test_a_kept_answer_waits_for_nobody(slow):
    gate, begun = slow

    async def again():
        moves = Moves()
        gate.set()
        await moves.answer(places(1)[0])
        gate.clear()
        blocked = asyncio.create_task(moves.answer(places(2)[1]))
        await until_begun(begun, 2)
        start = time.perf_counter()
        await moves.answer(places(1)[0])
        lasted = time.perf_counter() - start
        gate.set()
        await blocked
        return lasted

    assert asyncio.run(again()) < 1
    assert begun == [1, 2]
