"""What the OpenAPI document says of an answer, held against the answer."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator

_DOCUMENT_PATH = "/v1/recorder/openapi.json"


def check_answer(answer: httpx.Response) -> None:
    """Fails when the answer's status, content type or body is not in the document that its server gives."""
    origin = str(answer.request.url.copy_with(path="/", query=None))
    method, path = answer.request.method.lower(), answer.request.url.path
    template = next(each for each in _paths(origin) if re.fullmatch(_pattern(each), path))
    content_type = answer.headers["content-type"]
    errors = list(
        _validator(origin, template, method, str(answer.status_code), content_type).iter_errors(answer.json())
    )
    assert not errors, f"{method} {path}: {errors[0].json_path}: {errors[0].message}"


@cache
def document(origin: str) -> dict[str, Any]:
    """The OpenAPI document of the server at ``origin``."""
    found: dict[str, Any] = httpx.get(f"{origin.rstrip('/')}{_DOCUMENT_PATH}").json()
    return found


@cache
def _validator(origin: str, template: str, method: str, status: str, content_type: str) -> OAS31Validator:
    described = document(origin)
    schema = described["paths"][template][method]["responses"][status]["content"][content_type]["schema"]
    return OAS31Validator(schema | {"components": described["components"]})


def _paths(origin: str) -> list[str]:
    """Those without a variable first, as the router tries them."""
    return sorted(document(origin)["paths"], key=lambda path: path.count("{"))


def _pattern(template: str) -> str:
    parts = re.split(r"(\{[^}]+\})", template)
    # An event's id may hold slashes.
    variable = {"{event_id}": ".+"}
    return "".join(variable.get(part, "[^/]+") if part.startswith("{") else re.escape(part) for part in parts)
