"""Text that is meant to be more than text: it stays text in every field of every page and answer.

The fields are found, not listed: in the description of the API, in the parameters of the pages'
routes, and in the forms of the pages as they are shown.
"""

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

LONGEST_SECOND = 20.0
RAW = (f"<script>{MARK}", f"onerror={MARK}>", f"<{MARK}>")


def harmless(client: Any, answer: Any, where: object) -> None:
    """Hold one answer: no fault, nothing unescaped, no header, both tables there."""
    assert answer.status_code < 500, (where, answer.text[:300])
    assert f"X-{MARK}" not in answer.headers, where
    if answer.headers.get("Content-Type", "").startswith(("text/html", "image/svg")):
        assert not [raw for raw in RAW if raw in answer.text], where
    else:
        assert answer.headers.get("X-Content-Type-Options") == "nosniff"


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


def operations(description: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@pytest.fixture(scope="module")
def description(client):
    return client.get("/api/openapi.json").json()


@pytest.mark.parametrize("text", TEXTS, ids=("html", "sql", "header"))
def test_in_every_text_field_of_the_api_it_stays_text(client, description, text):
    schemas = description["components"]["schemas"]
    tried = 0
    for method, path, operation in operations(description):
        for parameter in operation.get("parameters", ()):
            name = parameter["name"]
            if parameter["in"] == "path":
                answer = client.request(method, filled(path, **{name: quote(text, safe="")}))
            else:
                answer = client.request(method, filled(path), params={name: text})
            harmless(client, answer, (method, path, name))
            tried += 1
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for body in with_text(content["schema"], schemas, text):
                harmless(client, client.request(method, filled(path), json=body), (path, body))
                tried += 1
    assert tried >= 15
    with client.app.state.database.reading() as session:
        assert "jobs" in set(inspect(session.connection()).get_table_names())


@pytest.mark.parametrize("text", YAML.values(), ids=YAML.keys())
def test_in_every_text_field_of_the_api_hostile_yaml_is_soon_refused(client, description, text):
    schemas = description["components"]["schemas"]
    for method, path, operation in operations(description):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for body in with_text(content["schema"], schemas, text):
                begun = time.monotonic()
                answer = client.request(method, filled(path), json=body)
                harmless(client, answer, (path, str(body)[:200]))
                assert time.monotonic() - begun < LONGEST_SECOND, (path, str(body)[:200])
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
    """Forms of a page and elements that htmx sends: method, address and names of the fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, list[str]]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        sent = next((how for how in ("get", "post", "put", "delete") if f"hx-{how}" in given), None)
        if tag == "form":
            method = sent or given.get("method", "get")
            address = given.get(f"hx-{sent}", given.get("action", ""))
            self.found.append((method.upper(), address, []))
            self._open = True
        elif sent is not None:
            own = [given["name"]] if "name" in given else []
            self.found.append((sent.upper(), given[f"hx-{sent}"], own))
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
        parser = Forms()
        parser.feed(page)
        for method, action, names in parser.found:
            for name in dict.fromkeys(names):
                where = action or address
                how = {"params": {name: text}} if method == "GET" else {"data": {name: text}}
                harmless(client, client.request(method, where, **how), (method, where, name))
