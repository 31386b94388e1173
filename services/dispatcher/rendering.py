"""What a run sends when its integration says so in expressions, and whether the answer is a success.

All expressions of a request are evaluated together over one activation. Cheap ones are evaluated at once, costly ones
in a process of their own while the event loop goes on; see `services.dispatcher.expressions`. Integrations without
expressions (`Integration.is_plain`) have no business here: they cost nothing.

A template may hold a secret, because some products want theirs in the body: ``credential.value`` is the value of the
webhook's API key, known to these expressions at send time and to nothing else. No reason given here repeats it.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import orjson

from services.dispatcher.core.exchange import Answer
from services.dispatcher.core.request_building import (
    Rendered,
    Unrenderable,
    body_of,
    entity_id_of,
    given,
    headers_with,
    url_with,
)
from services.dispatcher.expressions import CostlyExpressions, Values, values_if_cheap
from shared.adapters.cel_environments import Sight
from shared.core.expression_values import Failure, Structure, Value
from shared.core.messages.delivery import DeliveryRequest, StoredBody
from shared.core.resources import Integration, MappingQuestion, Place, PlacedExpression, RequestTemplate, Webhook

__all__ = ["Rendered", "Renderer", "Unrenderable"]

#: Integrations kept prepared at most; forgotten all at once beyond that.
_KEPT = 10_000
_REDACTED = "(redacted)"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An integration's request and success test, as long as it is the same object."""

    integration: Integration
    template: RequestTemplate | None
    success: str | None
    expressions: list[PlacedExpression]
    texts: list[str]


class Renderer:
    """Renders requests. Lives on one event loop."""

    def __init__(self) -> None:
        self._costly = CostlyExpressions()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="expressions")
        self._prepared: dict[int, _Prepared] = {}

    async def entity(self, request: DeliveryRequest, integration: Integration, event: bytes) -> MappingQuestion:
        """Which external mapping the run of an integration with a `mapping` needs. Raises Unrenderable."""
        mapping = integration.mapping
        if mapping is None:
            raise ValueError("an integration without a mapping asks for no entity")
        variables = {"integration": _about(request, integration)}
        (value,) = await self._values(request.organization, Sight.TEMPLATE, [mapping.entity_id], event, variables)
        entity_id = entity_id_of(given("mapping.entity_id", value))
        return MappingQuestion(mapping.entity_type, entity_id, mapping.external_system, mapping.external_table)

    async def render(
        self,
        request: DeliveryRequest,
        integration: Integration,
        webhook: Webhook,
        event: bytes,
        external_id: str | None,
        credential: str | None,
    ) -> Rendered:
        """The request to send. ``event`` is the run's CloudEvent, ``external_id`` what its mapping says, ``credential``
        the value of the webhook's API key where the template needs it. The body of a replay that carries one is taken
        from there, and the template's expression for it is not evaluated. Raises Unrenderable."""
        prepared = self._of(integration)
        template = prepared.template
        if template is None:
            raise ValueError("a plain integration needs no rendering")
        variables: dict[str, Any] = {"integration": _about(request, integration)}
        if external_id is not None:
            variables["mapping"] = {"external_id": external_id}
        if credential is not None:
            variables["credential"] = {"value": credential}
        elif integration.uses_credential:
            raise Unrenderable(
                "credential.disconnected", "the template needs credential.value, and the webhook has no API key"
            )
        expressions, texts = prepared.expressions, prepared.texts
        if request.stored is not None:
            expressions = [each for each in expressions if each.place is not Place.BODY]
            texts = [each.text for each in expressions]
        values = await self._values(request.organization, Sight.TEMPLATE, texts, event, variables)
        try:
            return _built(template, webhook, event, expressions, values, request.stored)
        except Unrenderable as failure:
            detail = failure.detail if credential is None else failure.detail.replace(credential, _REDACTED)
            raise Unrenderable(failure.code, detail) from None

    async def succeeded(
        self, request: DeliveryRequest, integration: Integration, answer: Answer
    ) -> Literal[True] | str | None:
        """What the success test says of ``answer``: true, or why not; null when there is no test."""
        success = self._of(integration).success
        if success is None:
            return None
        text = answer.body.decode("utf-8", "replace")
        response = {
            "status": answer.status,
            "headers": {name.lower(): value for name, value in answer.headers},
            "body": text,
            "json": _json_or_null(answer.body),
        }
        variables = {"response": response}
        (value,) = await self._values(request.organization, Sight.SUCCESS, [success], b"", variables)
        if isinstance(value, Failure):
            return f"the success test could not be evaluated: {value.reason}"
        return True if value is True else "the success test says no"

    async def _values(
        self, organization: str, sight: Sight, texts: list[str], event: bytes, variables: Mapping[str, Any]
    ) -> Values:
        values = values_if_cheap(sight, texts, event, variables)
        if values is not None:
            return values
        work = partial(self._costly.values, organization, sight, texts, event, variables)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _of(self, integration: Integration) -> _Prepared:
        kept = self._prepared.get(id(integration))
        if kept is not None and kept.integration is integration:
            return kept
        template, success = integration.request_and_success
        expressions = [] if template is None else template.expressions("request")
        prepared = _Prepared(integration, template, success, expressions, [each.text for each in expressions])
        if len(self._prepared) >= _KEPT:
            self._prepared.clear()
        self._prepared[id(integration)] = prepared
        return prepared

    def close(self) -> None:
        """End what was started. Nothing may be under way."""
        self._thread.shutdown()
        self._costly.close()


def _built(
    template: RequestTemplate,
    webhook: Webhook,
    event: bytes,
    expressions: list[PlacedExpression],
    values: Values,
    stored: StoredBody | None,
) -> Rendered:
    placed: dict[Place, dict[str, Value]] = {place: {} for place in Place}
    for each, value in zip(expressions, values, strict=True):
        placed[each.place][each.name] = given(each.field, value)
    if stored is None:
        body, content_type = body_of(template, event, placed[Place.BODY].get(""))
    else:
        body, content_type = stored.content, stored.content_type
    segments = None if template.path is None else _segments(placed[Place.PATH][""])
    headers = headers_with(webhook.headers, placed[Place.HEADER])
    if content_type is not None:
        headers.append(("content-type", content_type))
    return Rendered(template.method, url_with(webhook.url, segments, placed[Place.QUERY]), headers, body)


def _segments(value: Value) -> list[object]:
    segments = orjson.loads(value.encoded) if isinstance(value, Structure) else None
    if not isinstance(segments, list):
        raise Unrenderable("request.invalid", "request.path: gives no list of path segments")
    return segments


def _about(request: DeliveryRequest, integration: Integration) -> dict[str, str]:
    return {"id": request.integration_id, "name": integration.name}


def _json_or_null(body: bytes) -> Any:
    try:
        document = orjson.loads(body)
        # It reads deeper than it writes, and what is evaluated elsewhere is written.
        orjson.dumps(document)
    except (orjson.JSONDecodeError, TypeError):
        return None
    return document
