"""``/v1/recorder/openapi.json``: a valid document that describes every route, parameter and refusal, with examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from sqlalchemy import create_engine

from services.event_recorder.http_api.application import create_app
from services.event_recorder.queries.reader import Reader
from shared.adapters.health import Health
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.serving import API_KEY


@pytest.fixture(scope="module")
def document() -> Any:
    """Of the whole API: questions and acts."""
    engine = create_engine("sqlite://")
    reader = Reader(engine, "acme")
    return create_app(reader, Health(), API_KEY, lambda: 0, World(engine).routers(reader)).openapi()


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_the_document_is_valid(document: Any) -> None:
    validate(document)


def test_the_document_needs_no_key(api: httpx.Client) -> None:
    served = httpx.get(f"{api.base_url}/v1/recorder/openapi.json")
    assert served.status_code == 200
    assert "/v1/runs" in served.json()["paths"]


def test_every_operation_says_what_it_does_takes_answers_and_refuses(document: Any) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["security"], name
        if name.startswith("post"):
            assert operation.get("requestBody", {}).get("required", "/replay" in name or "/cancel" in name), name
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter["description"], (name, parameter["name"])
        responses = operation["responses"]
        assert {"401", "404", "422", "500", "503"} <= set(responses), name
        for status, response in responses.items():
            kinds = set(response["content"])
            assert kinds == ({"application/json"} if status < "4" else {"application/problem+json"}), (name, status)
            assert "$ref" in next(iter(response["content"].values()))["schema"], (name, status)


def test_every_example_is_what_its_schema_says(document: Any) -> None:
    components = {"components": document["components"]}
    examples = [
        (name, schema, schema["example"])
        for name, schema in document["components"]["schemas"].items()
        if "example" in schema
    ]
    assert {"RunItem", "IntegrationEventItem", "AlertItem", "RecentEventItem", "TrailItem", "Bucket"} <= {
        name for name, _, _ in examples
    }
    examples += [
        (f"{name} {status}", content["schema"], content["example"])
        for name, operation in operations(document)
        for status, response in operation["responses"].items()
        for content in response["content"].values()
        if "example" in content
    ]
    for name, schema, example in examples:
        errors = list(OAS31Validator(schema | components).iter_errors(example))
        assert not errors, (name, errors[0].message)
