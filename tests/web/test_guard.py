"""Who is answered: every route of the application is held against the guard."""

import asyncio
import json
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from funis.apps.web.app import create_app
from funis.apps.web.guard import (
    _TEXT,
    CSRF_HEADER,
    DEEPEST_JSON,
    HEADERS,
    LARGEST_BODY,
    SAFE_METHODS,
    _body,
    _depth,
)
from funis.apps.web.sessions import MOST_SESSIONS, Sessions
from funis.apps.web.settings import Settings
from funis.store import hash_folder, write_manifest

from .routes import PARAMETER, every_route, filled

ADDRESS = "http://127.0.0.1:8420"
JOBS = "/api/jobs"
JSON = {"Content-Type": "application/json"}


def asked(app) -> list[tuple[str, str]]:
    """Every method and path of the application but the one that opens it."""
    routes = [route for route in every_route(app.routes) if route.path != "/open"]
    found = [(m, filled(route.path)) for route in routes for m in sorted(route.methods or ())]
    assert len(found) > 15
    return found


@pytest.fixture
def stranger(client) -> TestClient:
    """Somebody without a session at the same workbench."""
    return TestClient(client.app, base_url=ADDRESS)


def test_no_route_answers_without_a_session(client, stranger):
    for method, path in asked(client.app):
        answer = stranger.request(method, path, headers={CSRF_HEADER: client.headers[CSRF_HEADER]})
        assert answer.status_code == 401, (method, path)
        assert "funis serve" in answer.text or method == "HEAD"


def test_no_state_changes_without_the_csrf_token_of_the_session(client):
    changing = [(m, p) for m, p in asked(client.app) if m not in SAFE_METHODS]
    assert len(changing) >= 4
    right = client.headers[CSRF_HEADER]
    for wrong in (None, "", "x", right[:-1], right + "x", right.swapcase()):
        headers = {} if wrong is None else {CSRF_HEADER: wrong}
        with_session = TestClient(client.app, base_url=ADDRESS, cookies=client.cookies)
        for method, path in changing:
            assert with_session.request(method, path, headers=headers).status_code == 403


def test_two_csrf_tokens_are_not_one(client):
    headers = [(CSRF_HEADER, client.headers[CSRF_HEADER]), (CSRF_HEADER, "x")]
    other = TestClient(client.app, base_url=ADDRESS, cookies=client.cookies)
    assert other.post(JOBS, json={}, headers=headers).status_code == 403


def test_the_token_of_another_session_is_not_taken(settings):
    app = create_app(settings)
    sessions = app.state.sessions
    first = sessions.open(sessions.token)
    second = sessions.open(sessions.token)
    browser = TestClient(app, base_url=ADDRESS, cookies={settings.cookie: first})
    headers = {CSRF_HEADER: sessions.csrf(second)}
    assert browser.post(JOBS, json={}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8420", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8421", "",
     "localhost.evil.example:8420", "127.0.0.1:8420@evil.example", "127.0.0.1:8420.evil.example",
     "0.0.0.0:8420", "127.0.0.1.nip.io:8420"],
)  # fmt: skip
def test_a_foreign_host_is_refused(client, host):
    for path in ("/", "/open", "/static/workbench.css", JOBS):
        assert client.get(path, headers={"Host": host}).status_code == 421
    assert client.post(JOBS, json={}, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost:8420", "[::1]:8420"])
def test_this_machine_is_answered_under_each_of_its_names(client, host):
    assert client.get(JOBS, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://127.0.0.1:8420", "http://127.0.0.1:8421", "null", "",
     "http://127.0.0.1", "http://127.0.0.1:8420.evil.example", "file://"],
)  # fmt: skip
def test_a_foreign_origin_is_refused(client, origin):
    headers = {"Origin": origin}
    assert client.post(JOBS, json={}, headers=headers).status_code == 403
    assert client.get(JOBS, headers=headers).status_code == 403


def test_the_workbenchs_own_origin_is_answered(client):
    headers = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert client.post(JOBS, json={}, headers=headers).status_code == 422


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_link_here_and_do_nothing_else(client, site):
    asked = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"}
    assert client.get(JOBS, headers=asked).status_code == 403
    assert client.post(JOBS, json={}, headers=asked).status_code == 403
    followed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=followed).status_code == 200
    assert client.post(JOBS, json={}, headers=followed).status_code == 403


def test_an_address_opens_one_browser_and_no_second(settings):
    app = create_app(settings)
    first, second = (TestClient(app, base_url=ADDRESS, follow_redirects=False) for _ in "ab")
    opened = first.get(f"/open?token={settings.token}")
    assert (opened.status_code, opened.headers["Location"]) == (303, "/")
    cookie = opened.headers["Set-Cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    assert second.get(f"/open?token={settings.token}").status_code == 403
    assert "Set-Cookie" not in second.get(f"/open?token={settings.token}").headers
    assert first.get("/api/openapi.json").status_code == 200
    assert second.get("/api/openapi.json").status_code == 401


def test_the_next_address_is_told_to_whoever_runs_the_server(settings):
    app = create_app(settings)
    told = []
    app.state.sessions.told = told.append
    first, second = (TestClient(app, base_url=ADDRESS, follow_redirects=False) for _ in "ab")
    page = first.get(f"/open?token={settings.token}")
    assert len(told) == 1
    assert told[0] not in f"{page.headers} {page.text}"
    assert second.get(f"/open?token={told[0]}").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "ü", "%00", "a" * 5000])
def test_a_wrong_token_opens_nothing(settings, token):
    app = create_app(settings)
    browser = TestClient(app, base_url=ADDRESS, follow_redirects=False)
    assert browser.get("/open", params={"token": token}).status_code == 403
    assert app.state.sessions.tokens == {}


def test_a_session_id_that_somebody_planted_is_never_taken(settings):
    app = create_app(settings)
    planted = {settings.cookie: "planted"}
    browser = TestClient(app, base_url=ADDRESS, follow_redirects=False, cookies=planted)
    assert browser.get(JOBS).status_code == 401
    opened = browser.get(f"/open?token={settings.token}")
    assert "planted" not in opened.headers["Set-Cookie"]
    assert "planted" not in app.state.sessions.tokens


def test_opening_again_closes_the_session_that_the_browser_had(settings):
    sessions = Sessions(settings.token)
    old = sessions.open(sessions.token)
    new = sessions.open(sessions.token, old)
    assert sessions.csrf(old) is None
    assert sessions.csrf(new) is not None


def test_sessions_do_not_grow_without_end():
    sessions = Sessions("first")
    opened = [sessions.open(sessions.token) for _ in range(MOST_SESSIONS + 5)]
    assert len(sessions.tokens) == MOST_SESSIONS
    assert sessions.csrf(opened[0]) is None
    assert sessions.csrf(opened[-1]) is not None


def test_workbenches_on_two_ports_keep_two_sessions(tmp_path):
    assert Settings(tmp_path, port=8420).cookie != Settings(tmp_path, port=8421).cookie


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(0, size, 10_000):
        yield b"x" * 10_000


def test_a_body_above_the_limit_is_refused_with_or_without_its_length(client):
    for content in (b"x" * (LARGEST_BODY + 1), chunks(LARGEST_BODY + 20_000)):
        assert client.post(JOBS, content=content).status_code == 413
    assert client.post(JOBS, content=b"", headers={"Content-Length": "-1"}).status_code == 413
    assert client.post(JOBS, content=b"", headers={"Content-Length": "9" * 50}).status_code == 413


def test_a_body_without_end_is_read_no_further_than_the_limit():
    read = []

    async def receive():
        read.append(10_000)
        return {"type": "http.request", "body": b"x" * read[-1], "more_body": True}

    answer = asyncio.run(_body({"type": "http", "headers": []}, receive))
    assert answer.status_code == 413
    assert LARGEST_BODY < sum(read) <= LARGEST_BODY + 10_000


def test_a_body_at_the_limit_is_read(client):
    answer = client.post(JOBS, content=b" " * LARGEST_BODY)
    assert answer.status_code == 422


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_json_is_refused_before_it_is_parsed(client, opening):
    for depth in (DEEPEST_JSON + 1, 5000, 100_000):
        body = (opening * depth)[:LARGEST_BODY]
        answer = client.post(JOBS, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert "deep" in answer.json()["detail"][0]


def test_a_text_that_is_not_closed_is_gone_through_once():
    """Each quote would begin a search to the end of the body: 1 MB took hours."""
    for quotes in (rb"\"" * 1000, b'"' + rb"\"" * 1000, b'"' + rb"\"" * 1000 + b"\\"):
        (whole,) = _TEXT.findall(quotes)
        assert len(quotes) - len(whole) <= 2


@pytest.mark.parametrize("before", [b"[" * 41, b'"[" ' * 3 + b"{" * 41])
def test_brackets_before_a_megabyte_of_escaped_quotes_are_counted(client, before):
    body = before + b'"' + rb"\"" * ((LARGEST_BODY - len(before) - 1) // 2)
    assert _depth(body) == DEEPEST_JSON + 1
    assert _depth(b"[" * 41 + b"]" * 41 + rb"\"" * 400_000) == DEEPEST_JSON + 1
    assert client.post(JOBS, content=body).status_code == 422


@pytest.mark.parametrize("accept", [{}, {"hx-request": "true"}])
@pytest.mark.parametrize("path", ["/", "/api/home"])
def test_a_fault_of_the_program_is_answered_with_the_guards_headers(
    client, monkeypatch, path, accept
):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("funis.pipeline.evidence_overview.overview", fail)
    monkeypatch.setattr("funis.pipeline.evidence_overview.overview_is_made", lambda: True)
    outside = TestClient(client.app, base_url=ADDRESS, raise_server_exceptions=False)
    outside.cookies = client.cookies
    answer = outside.get(path, headers=accept)
    assert answer.status_code == 500
    assert "see what funis serve printed" in answer.text
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


def test_a_one_time_address_opens_one_session_however_many_ask_at_once(monkeypatch):
    """A slow comparison lets all come in before the first has used the token up."""
    compare = secrets.compare_digest

    def slowly(first, second):
        same = compare(first, second)
        time.sleep(0.05)
        return same

    monkeypatch.setattr("funis.apps.web.sessions.secrets.compare_digest", slowly)
    sessions = Sessions("one")
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: sessions.open("one"), range(8)))
    assert len([one for one in opened if one is not None]) == 1


HALF = "\ud800"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/plan/field", {"consultation": {"disease": HALF}, "field": "disease"}),
        ("/api/plan/field", {"consultation": {HALF: 1, "a": [HALF]}, "field": "severity.crp"}),
        ("/api/plan/at-once", {"consultation": {"disease": HALF, HALF: {HALF: [HALF]}}}),
        ("/api/plan/read", {"text": 'disease: "\\uD800"', "name": "x.yaml"}),
        ("/api/plan/read", {"text": '{"a": "\\ud800"}', "name": "x.json"}),
        ("/api/plan/files/plan.json", {"consultation": {"disease": HALF}}),
        ("/api/trial/check", {"text": 'title: "\\uD800"'}),
        ("/api/trial/check", {"text": '"\\uD800": 1'}),
        ("/api/trial/change", {"text": "title: a", "change": {
            "kind": "set", "path": ["title"], "value": [HALF]}}),
        ("/api/trial/change", {"text": "title: a", "change": {
            "kind": "set", "path": ["title"], "value": {"a": HALF, HALF: 1}}}),
        ("/api/jobs", {"kind": "run", "protocol": 'title: "\\uD800"'}),
        ("/api/evidence/check", {"text": '- id: "\\uD800"'}),
    ],
)  # fmt: skip
def test_half_a_character_is_no_fault_of_the_server(client, path, body):
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code in (200, 422), answer.text
    answer.json()


def test_brackets_within_a_text_are_text(client):
    text = '[{"' * 20_000 + '\\" ['
    answer = client.post(JOBS, json={"kind": "run", "trial": "ra_demo", "protocol": text})
    assert answer.json()["detail"] == ["run: expected either `trial` or `protocol`"]


@pytest.mark.parametrize("body", ["", "{", "nul", '{"kind": NaN}', '{"seed": ' + "9" * 5000 + "}"])
def test_broken_json_gets_one_line(client, body):
    answer = client.post(JOBS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert all(isinstance(line, str) for line in answer.json()["detail"])


UPWARDS = (
    "..", "../..", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd", "..\\..\\windows", "/etc/passwd", "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "manifest.json%00.html", "..%252f..%252fetc%252fpasswd", "C:%5cwindows", "~root", ".",
    "%c0%ae%c0%ae/",
)  # fmt: skip


def test_no_path_parameter_leads_out_of_its_folder(client, settings):
    secret = settings.folder.parent / "secret.yaml"
    secret.write_text("root:x:0:0")
    more = (
        "../secret.yaml",
        "..%2fsecret.yaml",
        "../../secret",
        str(settings.folder.parent / "secret"),
    )
    tried = Counter()
    routes = every_route(client.app.routes)
    known = [("GET", "/static/{name}"), *((m, r.path) for r in routes for m in r.methods)]
    for method, path, name in ((m, one, n) for m, one in known for n in PARAMETER.findall(one)):
        for value in (*UPWARDS, *more, *(quote(value, safe="") for value in (*UPWARDS, *more))):
            answer = client.request(method, filled(path, **{name: value}))
            tried[method] += 1
            assert answer.status_code < 500, (method, path, value)
            assert "root:" not in answer.text, (method, path, value)
            assert not (method == "DELETE" and answer.is_success), (path, value)
    assert min(tried[method] for method in ("GET", "POST", "DELETE")) > 50
    assert secret.is_file()
    assert (settings.folder / "workbench.sqlite3").is_file()


@pytest.fixture
def linked(settings, tmp_path):
    """A run that holds a link to a secret, and a link among the runs to a run outside of them."""
    (tmp_path / "secret.yaml").write_text("root:x:0:0")
    runs = settings.folder / "runs"
    for run in (runs / "linked", tmp_path / "outside"):
        run.mkdir(parents=True)
        (run / "leak.json").symlink_to(tmp_path / "secret.yaml")
        write_manifest(run, {"files": {"leak.json": "0"}})
    (runs / "elsewhere").symlink_to(tmp_path / "outside")
    yield tmp_path / "outside"
    (runs / "elsewhere").unlink(missing_ok=True)
    shutil.rmtree(runs / "linked", ignore_errors=True)


def test_a_link_within_a_run_leads_nowhere(client, linked):
    assert client.get("/api/runs/linked/files/manifest.json").status_code == 200
    assert client.get("/api/runs/linked/files/leak.json").status_code == 404
    assert client.get("/api/runs/elsewhere/files/manifest.json").status_code == 404


def test_deleting_a_run_leaves_what_a_link_leads_to(client, linked):
    before = hash_folder(linked)
    client.delete("/api/runs/elsewhere")
    client.delete("/api/runs/linked")
    assert hash_folder(linked) == before
    assert (linked.parent / "secret.yaml").read_text() == "root:x:0:0"


def test_every_answer_carries_the_headers(client, stranger):
    answers = [
        client.get("/"), client.get(JOBS), client.get("/nothing"), client.get("/api/nothing"),
        client.post(JOBS, json={}), stranger.get("/"), stranger.get("/static/workbench.css"),
    ]  # fmt: skip
    for answer in answers:
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers[:-1])


def test_a_static_file_named_by_its_hash_is_kept_and_another_is_asked_for_again(client):
    page = client.get("/").text
    (hashed,) = re.findall(r'href="(/static/workbench\.css\?v=[0-9a-f]+)"', page)
    assert "immutable" in client.get(hashed).headers["Cache-Control"]
    plain = client.get("/static/workbench.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/workbench.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304


def test_text_is_packed_for_who_takes_it(client):
    assert (
        client.get("/", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    )
    assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": ""}).headers


def test_what_is_not_there_is_told_as_a_page_as_json_and_as_a_fragment(client):
    assert "<h1>" in client.get("/nothing").text
    assert client.get("/api/nothing").json()["detail"] == ["Not Found"]
    fragment = client.get("/nothing", headers={"HX-Request": "true"}).text
    assert fragment.startswith('<div class="alert error" role="alert">')


def test_there_is_no_other_traffic_than_http(client):
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass
