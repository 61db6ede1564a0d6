"""The description of the API: typed, true, and nothing that it allows is a fault of the server."""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, openapi

from funis.report.statement import RESEARCH_USE, SIMULATED

SECONDS = 30
EXAMPLES, FEW = 8, 4


@pytest.fixture(scope="module")
def description(client):
    return client.get("/api/openapi.json").json()


def test_every_answer_is_typed_and_carries_the_statements(description):
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                for kind, content in answer.get("content", {}).items():
                    if kind != "application/json":
                        continue
                    assert content.get("schema"), (method, path, status)
                    schema = content["schema"]
                    name = schema.get("$ref", "").rpartition("/")[2]
                    fields = schemas[name]["properties"]
                    assert fields["research_use"]["default"] == RESEARCH_USE, (method, path)
                    assert fields["simulated"]["default"] == SIMULATED, (method, path)


def held(client, operation, mode, examples, seconds) -> int:
    """Hold an operation against requests made from its description; return their number."""
    begun, tried = time.monotonic(), 0

    @given(case=operation.as_strategy(mode))
    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def hold(case):
        nonlocal tried
        if tried and time.monotonic() - begun > seconds:
            return
        asked = case.as_transport_kwargs(base_url=str(client.base_url))
        kept = {key: value for key, value in asked.items() if key not in ("cookies", "headers")}
        if isinstance(kept.get("data"), str | bytes):
            kept["content"] = kept.pop("data")
        answer = client.request(**kept)
        tried += 1
        assert answer.status_code < 500, (asked, answer.text[:300])

    hold()
    return tried


@pytest.fixture(scope="module")
def operations(description):
    return [one.ok() for one in openapi.from_dict(description).get_all_operations()]


def test_nothing_that_is_described_is_a_fault_of_the_server(client, operations):
    each = SECONDS / len(operations)
    tried = [held(client, one, GenerationMode.POSITIVE, EXAMPLES, each) for one in operations]
    assert min(tried) >= 1
    assert sum(tried) > 2 * len(operations)


def test_nothing_that_is_near_a_description_is_a_fault_of_the_server(client, operations):
    """What takes nothing, or any text, has nothing near it."""
    each, tried = SECONDS / len(operations), []
    for one in operations:
        with suppress(Unsatisfiable):
            tried.append(held(client, one, GenerationMode.NEGATIVE, FEW, each))
    assert len(tried) > len(operations) / 2
    assert sum(tried) > len(tried)
