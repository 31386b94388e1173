"""The request bodies of this API for ``/openapi.json``, from the same models that check them.

Bodies are read by us rather than by FastAPI, so that keys are checked and sizes bounded first; so the document is told
here what they look like.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from services.ingest.core.event_batch import MAX_BATCH_EVENTS
from shared.core.cloud_events import BATCH_CONTENT_TYPE, CONTENT_TYPE
from shared.core.identifiers import IDENTIFIER_PATTERN
from shared.core.problem_documents import MEDIA_TYPE, SCHEMA
from shared.core.resources import CREDENTIAL_OF, SPEC_OF, Kind, Mapping

_REFERENCE = "#/components/schemas/{model}"

_CLOUD_EVENT = {
    "type": "object",
    "description": "A CloudEvent 1.0; the organization is set from the API key.",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "maxLength": 255},
        "source": {"type": "string", "maxLength": 1024},
        "type": {"type": "string", "maxLength": 255, "examples": ["billing.bill.created"]},
        "subject": {"type": "string", "maxLength": 1024, "description": "events of one subject keep their order"},
        "time": {"type": "string", "format": "date-time", "description": "now where absent"},
        "datacontenttype": {"type": "string"},
        "data": {"description": "the payload, any JSON"},
        "data_base64": {"type": "string", "contentEncoding": "base64"},
    },
}
_APPLY = {
    "type": "object",
    "required": ["resources"],
    "properties": {
        "resources": {
            "type": "array",
            "items": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["kind", "id", "spec"],
                        "properties": {
                            "kind": {"type": "string", "const": kind.value},
                            "id": {"type": "string", "pattern": IDENTIFIER_PATTERN},
                            "spec": {"$ref": _REFERENCE.format(model=SPEC_OF[kind].__name__)},
                        },
                    }
                    for kind in Kind
                ]
            },
        }
    },
}


_CREDENTIAL = {
    "oneOf": [{"$ref": _REFERENCE.format(model=model.__name__)} for model in CREDENTIAL_OF.values()],
    "discriminator": {
        "propertyName": "kind",
        "mapping": {kind.value: _REFERENCE.format(model=model.__name__) for kind, model in CREDENTIAL_OF.items()},
    },
}


def _refers(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=name)}


def _body(content: dict[str, dict[str, Any]], *, required: bool = True) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": required,
            "content": {media_type: {"schema": schema} for media_type, schema in content.items()},
        },
    }


_PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "a problem document",
    "content": {MEDIA_TYPE: {"schema": _refers("Problem")}},
}
_COME_BACK_RESPONSE: dict[str, Any] = {
    **_PROBLEM_RESPONSE,
    "headers": {
        "Retry-After": {
            "description": "seconds after which to send the same again",
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}
#: What every operation may answer besides success.
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": _PROBLEM_RESPONSE,
    "503": {**_COME_BACK_RESPONSE, "description": "not possible right now; a problem document"},
}
OVER_QUOTA_RESPONSE: dict[int | str, dict[str, Any]] = {
    429: {**_COME_BACK_RESPONSE, "description": "the quota of events is used up; a problem document"}
}


_BATCH = {"type": "array", "maxItems": MAX_BATCH_EVENTS, "items": _refers("CloudEvent")}
EVENTS_OPERATION = _body(
    {
        CONTENT_TYPE: _refers("CloudEvent"),
        BATCH_CONTENT_TYPE: _BATCH,
        "application/json": {"oneOf": [_refers("CloudEvent"), _BATCH]},
    }
)
APPLY_OPERATION = _body({"application/json": _APPLY})
MAPPINGS_OPERATION = _body(
    {
        "application/json": {
            "type": "object",
            "required": ["mappings"],
            "properties": {"mappings": {"type": "array", "items": _refers(Mapping.__name__)}},
        }
    }
)
STATE_REQUEST_OPERATION = _body(
    {"application/json": {"type": "object", "properties": {"reason": {"type": "string", "maxLength": 500}}}},
    required=False,
)


def spec_operation(kind: Kind) -> dict[str, Any]:
    """The body of a ``PUT``: the spec itself."""
    return _body({"application/json": _refers(SPEC_OF[kind].__name__)})


def install(app: FastAPI) -> None:
    """Make ``app`` describe itself with the schemas that the operations refer to."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            models = [model for kind, model in SPEC_OF.items() if kind is not Kind.CREDENTIAL]
            _, definitions = models_json_schema(
                [(model, "validation") for model in (*models, *CREDENTIAL_OF.values())], ref_template=_REFERENCE
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(definitions["$defs"], Credential=_CREDENTIAL, CloudEvent=_CLOUD_EVENT, Problem=SCHEMA)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
