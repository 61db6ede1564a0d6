"""The page Model without a browser: pages and answers say the same, and refuse in one line."""

import marshal
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from funis.checks.yaml_reader import Shelf, use_shelf
from funis.models import disease_ids, library_folder
from funis.pipeline.model_view import model_view
from funis.report.statement import RESEARCH_USE

PARTS = ("", "/equations", "/parameters", "/structures", "/scores", "/tests", "/diff")


class Links(HTMLParser):
    """Addresses and ids of a page, and what the policy of the page forbids in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.forbidden = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        if "id" in given:
            self.ids.append(given["id"])
        if "style" in given or tag == "style" or any(name.startswith("on") for name in given):
            self.forbidden.append((tag, given))


def test_the_first_page_names_every_disease_and_how_much_failed(client):
    text = client.get("/model").text
    for disease in disease_ids():
        assert f'href="/model/{disease}"' in text
    assert "9 tests failed" in text


@pytest.mark.parametrize("part", PARTS)
def test_every_part_opens_with_the_statement_and_ids_that_stand_once(client, part):
    answer = client.get(f"/model/ra{part}")
    assert answer.status_code == 200
    assert RESEARCH_USE in answer.text
    found = Links(answer.text)
    assert found.forbidden == []
    assert len(found.ids) == len({*found.ids})


def test_every_disease_opens(client):
    for disease in disease_ids():
        for part in ("", "/tests"):
            assert client.get(f"/model/{disease}{part}").status_code == 200


def test_no_link_of_the_pages_leads_nowhere(client):
    links, pages = set(), {}
    for part in PARTS:
        page = f"/model/ra{part}"
        pages[page] = Links(client.get(page).text)
        links |= {urljoin(page, link) for link in pages[page].links}
    own = {link for link in links if link.startswith("/model/ra")}
    assert len(own) > 300
    for link in sorted(own):
        place, _, anchor = link.partition("#")
        if place not in pages:
            answer = client.get(place)
            assert answer.status_code == 200, link
            pages[place] = Links(answer.text)
        assert not anchor or anchor in pages[place].ids, link


def test_sources_open_at_their_publisher(client):
    links = Links(client.get("/model/ra/parameters").text).links
    outside = {urlsplit(link).netloc for link in links if link.startswith("http")}
    assert {"doi.org", "pmc.ncbi.nlm.nih.gov"} <= outside
    assert all(link.startswith(("http", "/", "#")) for link in links)


def test_what_failed_stands_before_everything_else(client):
    for part in ("", "/tests"):
        text = client.get(f"/model/ra{part}").text
        main = text[text.index("<main") :]
        assert main.index("class mean") < main.index("Activities" if part else "<svg")


def test_parameters_are_filtered_by_the_server(client):
    view = model_view("ra")
    text = client.get("/model/ra/parameters", params={"status": "measured"}).text
    assert f"{view.counts['measured']} of {len(view.numbers)} parameters" in text
    part = client.get("/model/ra/parameters", params={"q": "Patel", "part": True}).text
    assert "<html" not in part
    assert 'href="/model/ra/parameters/k_lm"' in part


def test_a_reader_gets_from_a_number_to_its_equations_and_back(client):
    number = client.get("/model/ra/parameters/k_lm").text
    assert 'href="/model/ra/equations/LM_lu"' in number
    equation = client.get("/model/ra/equations/LM_lu").text
    assert 'href="/model/ra/parameters/k_lm"' in equation
    assert "<math" in equation


@pytest.mark.parametrize(
    "path",
    [
        "/model/zz", "/model/zz/tests", "/model/ra/equations/TH2", "/model/ra/parameters/potencyy",
        "/model/ra/parameters?status=guessed", "/model/ra/scores/ACR21", "/model/ra/files/exe",
        "/model/ra/parameters/product:pyproject.toml:x", "/model/..%5Cra",
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_line_and_no_traceback(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_words_of_the_reader_are_shown_as_words(client):
    nasty = "<script>alert(1)</script>"
    for path in ("/model/ra/equations", "/model/ra/parameters"):
        assert nasty not in client.get(path, params={"q": nasty}).text
    assert nasty not in client.get(f"/model/ra/equations/{nasty.replace('/', '')}").text


def test_files_are_the_model(client):
    view = model_view("ra")
    assert client.get("/model/ra/files/sbml").text == view.model.sbml
    svg = client.get("/model/ra/files/svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert "funis-ra.svg" in svg.headers["content-disposition"]
    assert RESEARCH_USE in svg.text


@pytest.mark.parametrize(
    "path",
    [
        "", "/ra", "/ra/equations", "/ra/equations/TH1", "/ra/parameters", "/ra/parameters/potency",
        "/ra/structures", "/ra/scores", "/ra/tests",
    ],
)  # fmt: skip
def test_every_answer_carries_the_statement(client, path):
    document = client.get(f"/api/model{path}").json()
    assert document["research_use"] == RESEARCH_USE
    assert "virtual" in document["simulated"]


def test_answers_hold_what_the_pages_show(client):
    view = model_view("ra")
    overview = client.get("/api/model/ra").json()
    assert overview["failed"] == list(view.trust.failures)
    assert len(overview["arrows"]) == len(view.graph.arrows)
    found = client.get("/api/model/ra/parameters", params={"status": "derived"}).json()
    assert len(found["parameters"]) == view.counts["derived"]
    why = client.get("/api/model/ra/parameters/kd_lu").json()
    assert {"text": "10.3389/fimmu.2012.00297",
            "address": "https://doi.org/10.3389/fimmu.2012.00297"} in why["pieces"]  # fmt: skip
    assert client.get("/api/model/ra/parameters/structure:dose_flat").json()["kind"] == "structure"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/api/model/zz", "unknown disease 'zz'"),
        ("/api/model/ra/equations/TH2", "did you mean 'TH1'?"),
        ("/api/model/ra/parameters?status=x", "one of measured"),
        ("/api/model/ra/parameters?q=" + 200 * "x", "at most 100"),
    ],
)
def test_a_wrong_name_is_one_line(client, path, line):
    answer = client.get(path)
    assert answer.status_code == 422
    (said,) = answer.json()["detail"]
    assert line in said


def test_nothing_is_answered_without_a_session(client):
    from starlette.testclient import TestClient

    stranger = TestClient(client.app, base_url=str(client.base_url))
    for path in ("/model/ra", "/api/model/ra", "/api/model/ra/files/sbml"):
        assert stranger.get(path).status_code in (401, 403)


def library_text(name):
    return (library_folder() / "diseases" / "ra" / name).read_text(encoding="utf-8")


def test_a_text_is_compared_and_what_differs_is_said(client):
    text = library_text("model.ant").replace("0.5*D + 0.3*FLS", "0.6*D + 0.2*FLS")
    numbers = library_text("parameters.yaml").replace("k_SYN: {value: 0.06", "k_SYN: {value: 0.08")
    found = client.post("/api/model/ra/diff", json={"model": text, "parameters": numbers}).json()
    assert [(one["id"], one["part"]) for one in found["equations"]] == [("SYN", "formula")]
    (line,) = found["parameters"]
    assert (line["id"], line["ours"], line["theirs"]) == ("k_SYN", "0.06", "0.08")
    same = client.post("/api/model/ra/diff", json={}).json()
    assert same["equations"] == same["parameters"] == []


def test_nothing_of_a_text_that_is_compared_is_kept(client):
    kept = {}
    use_shelf(Shelf(kept.get, kept.__setitem__))
    try:
        numbers = library_text("parameters.yaml")
        numbers = numbers.replace("k_SYN: {value: 0.06", "k_SYN: {value: 0.0875")
        assert client.post("/api/model/ra/diff", json={"parameters": numbers}).status_code == 200
        assert not [one for one in kept.values() if 0.0875 in _numbers(one)]
    finally:
        use_shelf(None)


def _numbers(packed):
    data, _ = marshal.loads(packed)
    known = data.get("parameters", {}) if isinstance(data, dict) else {}
    return {row.get("value") for row in known.values() if isinstance(row, dict)}


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ({"model": "// include: ../../../etc/passwd"}, "names no fragment of the core"),
        ({"model": "// include: nothing"}, "no fragment 'nothing'"),
        ({"parameters": "parameters: ["}, "parameters.yaml"),
        ({"parameters": "parameters: {x: {value: 1}}"}, "parameters.yaml"),
        ({"parameters": "a: &a [1]\nb: [*a, *a]"}, "parameters.yaml"),
        ({"model": "x" * 200_001}, "200000"),
        ({"other": ""}, "other"),
    ],
)
def test_a_wrong_text_is_refused_in_lines_that_name_the_file(client, texts, line):
    answer = client.post("/api/model/ra/diff", json=texts)
    assert answer.status_code == 422
    assert line in " ".join(answer.json()["detail"])
    assert "/tmp" not in answer.text


def test_no_text_is_compared_without_the_token_of_the_session(client):
    answer = client.post("/api/model/ra/diff", json={}, headers={"X-CSRF-Token": "wrong"})
    assert answer.status_code == 403
