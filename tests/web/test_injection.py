"""Text that is meant to be more than text: it stays text in every field of every page and answer.

The fields are found, not listed: in the description of the API, in the parameters of the pages'
routes, and in the forms of the pages as they are shown.
"""

import json
import time
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import inspect

from funis.apps.web.pages.render import PLACES
from funis.pipeline.planning import (
    consultation_data,
    consultation_form,
    consultation_yaml,
    filled_of,
)
from funis.plan.consultation import read_consultation

from .routes import PARAMETER, VALUES, every_route, filled

MARK = "x9funis"
TEXTS = (
    f"'\"></script></textarea><script>{MARK}</script><img src=x onerror={MARK}>",
    f"1'; DROP TABLE jobs; -- {{{{7*7}}}}${{7*7}}<{MARK}>",
    f"\x00\r\nX-{MARK}: 1\r\n\r\n<{MARK}>\u202e\U0001f9ec",
)
YAML = {
    "aliases": "a: &a [x, x]\n"
    + "".join(f"{b}: &{b} [{f'*{a}, ' * 9}]\n" for a, b in pairwise("abcdefghijkl")),
    "nested": "[" * 50_000,
    "digits": "seed: " + "9" * 6000,
    "duplicates": "seed: 1\n" * 3000,
    "keys": "".join(f"k{number}: 1\n" for number in range(10_000)),
    "tag": "!!python/object/apply:os.system ['touch hacked']",
    "recursion": "a: &a [*a]",
    "quotes": '"' + "\\u0041" * 20_000 + '"',
    "bytes": "a: \x00\ufeff\ud7ff",
}
"""Texts that cost a careless reader of YAML hours, gigabytes or more."""

YAML_FIELDS = ("text", "protocol", "parameters")
"""Fields of bodies that are read as YAML."""

LONGEST_SECOND = 6.0
"""Of the processor; 2 s were measured."""

MARKUP = ("html", "svg", "holds")
"""Texts of answers in JSON that a page puts into itself as they are."""

RAW = (f"<script>{MARK}", f"onerror={MARK}>", f"<{MARK}>")


def harmless(client: Any, answer: Any, where: object) -> None:
    """Hold one answer: no fault, nothing unescaped, no header, both tables there."""
    assert answer.status_code < 500, (where, answer.text[:300])
    assert f"X-{MARK}" not in answer.headers, where
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith(("text/html", "image/svg")):
        shown = [answer.text]
    else:
        assert answer.headers.get("X-Content-Type-Options") == "nosniff"
        lines = answer.text.splitlines() if "ndjson" in kind else [answer.text]
        shown = (
            [one for line in lines for one in markup(json.loads(line))] if "json" in kind else []
        )
    assert not [raw for raw in RAW for text in shown if raw in text], where


def markup(document: Any) -> Iterator[str]:
    """Texts anywhere in an answer that a page puts into itself as they are."""
    if isinstance(document, list):
        for one in document:
            yield from markup(one)
    elif isinstance(document, dict):
        yield from (document[key] for key in MARKUP if isinstance(document.get(key), str))
        for one in document.values():
            yield from markup(one)


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A small value as a schema describes it."""
    schema = resolved(schema, schemas)
    if "const" in schema:
        return schema["const"]
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return example(schema[choice][0], schemas)
    if schema.get("type") == "object":
        needed = schema.get("required", ())
        fields = schema.get("properties", {})
        return {name: example(fields[name], schemas) for name in needed}
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)] if schema.get("minItems") else []
    numbers = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1.0)}
    return numbers.get(schema.get("type", ""), False if schema.get("type") == "boolean" else "ra")


def resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def with_text(schema: Mapping[str, Any], schemas: Mapping[str, Any], text: str) -> Iterator[Any]:
    """Bodies that hold a text, each in another field that takes one, at any depth."""
    schema = resolved(schema, schemas)
    for choice in ("anyOf", "oneOf"):
        for one in schema.get(choice, ()):
            yield from with_text(one, schemas, text)
    if schema.get("type") == "string":
        yield text
    elif schema.get("type") == "array":
        yield from ([inner] for inner in with_text(schema["items"], schemas, text))
    elif schema.get("type") == "object":
        whole = example(schema, schemas)
        for name, field in schema.get("properties", {}).items():
            for inner in with_text(field, schemas, text):
                yield {**whole, name: inner}
        yield {**whole, text: text}


KNOWN = {"endpoint": "ACR20", "n": 8, "replicate": 0}
"""Values of parameters for which a schema knows no example that is answered."""


FILES = {"/api/explore/files/{name}": {"name": "data.csv"}}
"""Parts of a path that have to fit a pattern."""


def needed(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a query without which nothing is answered."""
    return {
        one["name"]: KNOWN.get(one["name"]) or example(one["schema"], schemas)
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one.get("required")
    }


def address(path: str, operation: Mapping[str, Any], **values: str) -> str:
    """A path of the API with values that it takes, and these."""
    given = [one for one in operation.get("parameters", ()) if one["in"] == "path"]
    listed = {one["name"]: one["schema"]["enum"][0] for one in given if "enum" in one["schema"]}
    return filled(path, **{**listed, **FILES.get(path, {}), **values})


def operations(description: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@pytest.fixture(scope="module")
def description(client):
    return client.get("/api/openapi.json").json()


def test_what_stands_beside_a_hostile_parameter_is_not_refused_itself(client, description):
    schemas = description["components"]["schemas"]
    for method, path, operation in operations(description):
        if params := needed(operation, schemas):
            answer = client.request(method, address(path, operation), params=params)
            assert answer.status_code in (200, 404), (path, params, answer.text[:300])


def test_markup_within_json_is_looked_at():
    hostile = {"a": [{"b": 1}, {"html": f"<p><{MARK}></p>"}], "svg": "<svg/>", "text": f"<{MARK}>"}
    assert [*markup(hostile)] == ["<svg/>", f"<p><{MARK}></p>"]


@pytest.mark.parametrize("text", TEXTS, ids=("html", "sql", "header"))
def test_in_every_text_field_of_the_api_it_stays_text(client, description, text):
    schemas = description["components"]["schemas"]
    tried = 0
    for method, path, operation in operations(description):
        for parameter in operation.get("parameters", ()):
            name = parameter["name"]
            if parameter["in"] == "path":
                answer = client.request(
                    method, address(path, operation, **{name: quote(text, safe="")})
                )
            else:
                params = {**needed(operation, schemas), name: text}
                answer = client.request(method, address(path, operation), params=params)
            harmless(client, answer, (method, path, name))
            tried += 1
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for body in with_text(content["schema"], schemas, text):
                harmless(
                    client,
                    client.request(method, address(path, operation), json=body),
                    (path, body),
                )
                tried += 1
    assert tried >= 15
    with client.app.state.database.reading() as session:
        assert "jobs" in set(inspect(session.connection()).get_table_names())


def is_yaml(body: Any, text: str) -> bool:
    """Whether a text stands in a field that is read as YAML."""
    return isinstance(body, dict) and any(body.get(name) == text for name in YAML_FIELDS)


def refusal(answer: Any) -> Any:
    """The lines that say what is wrong: of a refusal, of a trial, of studies."""
    said = answer.json()
    return next((said[key] for key in ("detail", "issues", "faults") if said.get(key)), None)


@pytest.mark.parametrize("text", YAML.values(), ids=YAML.keys())
def test_in_every_text_field_of_the_api_hostile_yaml_is_soon_refused(client, description, text):
    schemas, tried = description["components"]["schemas"], set()
    for method, path, operation in operations(description):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for body in with_text(content["schema"], schemas, text):
                where, begun = (path, str(body)[:200]), time.process_time()
                answer = client.request(method, address(path, operation), json=body)
                harmless(client, answer, where)
                assert time.process_time() - begun < LONGEST_SECOND, where
                if is_yaml(body, text):
                    tried.add(path)
                    assert refusal(answer), where
    assert len(tried) >= 7
    assert not Path("hacked").exists()


@pytest.mark.parametrize("text", TEXTS, ids=("html", "sql", "header"))
def test_in_every_parameter_of_every_page_it_stays_text(client, text):
    pages = [r for r in every_route(client.app.routes) if not r.path.startswith(("/api", "/open"))]
    assert len(pages) >= len(PLACES)
    for route in pages:
        method = "GET" if "GET" in route.methods else sorted(route.methods)[0]
        names = [field.alias for field in getattr(route, "dependant", None).query_params]
        for name in (*names, "unknown"):
            answer = client.request(method, filled(route.path), params={name: text})
            harmless(client, answer, (route.path, name))
        for name in PARAMETER.findall(route.path):
            path = filled(route.path, **{name: quote(text, safe="")})
            harmless(client, client.request(method, path), (route.path, name))


class Forms(HTMLParser):
    """Forms of a page and elements that htmx sends: method, address, names of the fields, id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, list[str], str]] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        sent = next((how for how in ("get", "post", "put", "delete") if f"hx-{how}" in given), None)
        if tag == "form":
            method = sent or given.get("method", "get")
            address = given.get(f"hx-{sent}", given.get("action", ""))
            self.found.append((method.upper(), address, [], given.get("id", "")))
            self._open = True
        elif sent is not None:
            own = [given["name"]] if "name" in given else []
            self.found.append((sent.upper(), given[f"hx-{sent}"], own, ""))
        if self._open and "name" in given and tag in ("input", "select", "textarea", "button"):
            form = next(form for form in reversed(self.found))
            form[2].append(given["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def shown(client: Any) -> Iterator[tuple[str, str]]:
    """Every page that is shown without a word of the reader's, and its text."""
    for route in every_route(client.app.routes):
        if "GET" in route.methods and not route.path.startswith(("/api", "/open")):
            address = filled(route.path, **VALUES)
            answer = client.get(address)
            if answer.status_code == 200:
                yield address, answer.text


@pytest.mark.parametrize("text", TEXTS, ids=("html", "sql", "header"))
def test_in_every_field_of_every_form_it_stays_text(client, text):
    for address, page in shown(client):
        for method, action, names, _ in Forms(page).found:
            for name in dict.fromkeys(names):
                where = action or address
                how = {"params": {name: text}} if method == "GET" else {"data": {name: text}}
                harmless(client, client.request(method, where, **how), (method, where, name))


@pytest.fixture(scope="module")
def bodies() -> dict[str, Any]:
    """A body that is answered, for every route of a page that takes JSON."""
    consultation = consultation_data(read_consultation("ra"))
    values = filled_of(consultation_form("ra"), read_consultation("ra"))
    text = consultation_yaml(read_consultation("ra"))
    return {
        "/plan/results": {"disease": "ra", "values": values},
        "/plan/course": {"consultation": consultation, "protocol": "ra_two_arm", "arm": "msc"},
        "/plan/alternatives": {"consultation": consultation, "protocol": "ra_two_arm"},
        "/plan/load": {"text": text, "name": "mine.yaml"},
    }


def with_leaf(value: Any, text: str) -> Iterator[Any]:
    """Copies of a body, each with a text in the place of another text, or as a key more."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from ([*value[:place], new, *value[place + 1 :]] for new in with_leaf(one, text))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from ({**value, name: new} for new in with_leaf(one, text))
        yield {**value, text: text}


def test_every_page_that_takes_json_has_a_body_here_that_is_answered(client, bodies):
    routes = every_route(client.app.routes)
    taking = {one.path for one in routes if getattr(one, "dependant", None).body_params}
    assert {path for path in taking if not path.startswith("/api")} == set(bodies)
    for path in ("/plan/results", "/plan/load"):  # the others compute for seconds
        assert "<" in client.post(path, json=bodies[path]).json()["html"]


@pytest.mark.parametrize("text", TEXTS, ids=("html", "sql", "header"))
def test_in_every_field_of_the_json_that_pages_send_it_stays_text(client, bodies, text):
    for path, whole in bodies.items():
        tried = 0
        for body in with_leaf(whole, text):
            harmless(client, client.post(path, json=body), (path, str(body)[:400]))
            tried += 1
        assert tried >= 3, path


@pytest.mark.parametrize("text", TEXTS, ids=("html", "sql", "header"))
def test_in_every_control_of_the_consultation_it_stays_text(client, bodies, text):
    forms = Forms(client.get("/plan?disease=ra").text).found
    (names,) = [names for _, _, names, id in forms if id == "consultation"]
    assert len(names) > 40
    whole = bodies["/plan/results"]
    for name in dict.fromkeys(names):
        body = {**whole, "values": {**whole["values"], name: text}}
        harmless(client, client.post("/plan/results", json=body), name)
