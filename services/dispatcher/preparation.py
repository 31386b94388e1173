"""From a delivery request to the request that is sent: the stages before PERFORM, each with its time and its result.

MATCH happened elsewhere and is noted with the first attempt. MAP asks for the external id of what the event is about,
TRANSFORM builds method, URL, headers and body, AUTHENTICATE signs and adds what proves who we are. An integration that
asks for neither mapping nor template passes by MAP and TRANSFORM: it sends the event as it stands, and nothing is
decoded or evaluated for it. A replay that carries the body of its first run sends that one; all else is as it is today.

What fails here was never on the wire. It is an outcome of the run, not an error of ours.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.dispatcher.core.authorisation import Authorisation, CredentialFailure
from services.dispatcher.core.exchange import CannotSend, Request
from services.dispatcher.rendering import Rendered, Renderer, Unrenderable
from shared.adapters.clock import Clock
from shared.core.cloud_events import CONTENT_TYPE
from shared.core.messages.delivery import DeliveryRequest, Trigger
from shared.core.messages.integration_events import Entity
from shared.core.messages.run_log import Stage, StageName
from shared.core.resources import Integration, Webhook

USER_AGENT = "Hookfleet"


class Mappings(Protocol):
    """Whatever knows what others call an entity of ours."""

    def find(
        self, organization: str, entity_type: str, entity_id: str, external_system: str, external_table: str
    ) -> str | None:
        """The external id; null when there is no such mapping."""


class Authorises(Protocol):
    """Whatever proves to a receiver who we are. All of it raises CredentialFailure."""

    def ready(
        self, organization: str, webhook: Webhook, webhook_id: str, timestamp_seconds: int, body: bytes
    ) -> Authorisation | None:
        """What the request carries; null when something must be fetched first."""

    async def fetched(
        self,
        organization: str,
        webhook: Webhook,
        webhook_id: str,
        timestamp_seconds: int,
        body: bytes,
        timeout_seconds: float,
    ) -> Authorisation:
        """The same, waited for."""

    def key(self, organization: str, webhook: Webhook) -> str | None:
        """The webhook's API key, for a template that puts it into the body."""

    def refused(self, organization: str, webhook: Webhook, authorisation: Authorisation) -> None:
        """The receiver answered 401."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to send. ``entity`` is what the integration's mapping is about."""

    request: Request
    authorisation: Authorisation
    stages: tuple[Stage, ...]
    entity: Entity | None = None


@dataclass(frozen=True, slots=True)
class NotPrepared:
    """Why nothing is sent."""

    failure: CannotSend
    stages: tuple[Stage, ...]
    entity: Entity | None = None


class Work(NamedTuple):
    """A delivery request with the configuration in force. ``value`` is the event as it stands on the topic."""

    request: DeliveryRequest
    value: bytes
    integration: Integration
    webhook: Webhook


class Preparation:
    """Prepares requests. Lives on one event loop."""

    def __init__(self, *, mappings: Mappings, renderer: Renderer, authoriser: Authorises, clock: Clock) -> None:
        self._mappings = mappings
        self._renderer = renderer
        self._authoriser = authoriser
        self._clock = clock

    async def prepare(self, work: Work, started_ms: int) -> Prepared | NotPrepared:
        """Everything up to the wire; never raises for what configuration or events are like."""
        stages: list[Stage] = []
        if work.request.next_attempt == 1 and work.request.trigger is Trigger.EVENT:
            accepted_ms, created_ms = work.request.accepted_ms, work.request.created_ms
            stages.append(_stage(StageName.MATCH, accepted_ms, created_ms))
        entity: Entity | None = None
        stage, since_ms = StageName.AUTHENTICATE, started_ms
        try:
            if work.integration.is_plain:
                rendered = None
                stored = work.request.stored
                body = work.value if stored is None else stored.content
            else:
                external_id = None
                if work.integration.mapping is not None:
                    stage = StageName.MAP
                    entity, external_id = await self._map(work)
                    since_ms = self._ended(stages, stage, since_ms)
                stage = StageName.TRANSFORM
                rendered = await self._transform(work, external_id)
                body = rendered.body
                since_ms = self._ended(stages, stage, since_ms)
            stage = StageName.AUTHENTICATE
            authorisation = await self._authorise(work, started_ms // 1000, body)
        except _Missing as missing:
            entity = missing.entity
            return self._failed(missing.failure, stages, stage, since_ms, entity)
        except (Unrenderable, CredentialFailure) as failure:
            return self._failed(CannotSend(failure.code, failure.detail), stages, stage, since_ms, entity)
        self._ended(stages, stage, since_ms)
        return Prepared(_request(work, rendered, body, authorisation), authorisation, tuple(stages), entity)

    def refused(self, work: Work, prepared: Prepared) -> None:
        """The receiver did not accept who we are."""
        self._authoriser.refused(work.request.organization, work.webhook, prepared.authorisation)

    async def _map(self, work: Work) -> tuple[Entity, str]:
        lookup = await self._renderer.entity(work.request, work.integration, work.value)
        entity = Entity(type=lookup.entity_type, id=lookup.entity_id)
        found = self._mappings.find(work.request.organization, *lookup)
        if found is None:
            detail = f"{entity.type} {entity.id} in {lookup.external_system}, {lookup.external_table}"
            raise _Missing(entity, CannotSend("mapping.missing", detail))
        return entity, found

    async def _transform(self, work: Work, external_id: str | None) -> Rendered:
        request, integration, webhook = work.request, work.integration, work.webhook
        key = self._authoriser.key(request.organization, webhook) if integration.uses_credential else None
        return await self._renderer.render(request, integration, webhook, work.value, external_id, key)

    async def _authorise(self, work: Work, timestamp_seconds: int, body: bytes) -> Authorisation:
        organization, webhook_id = work.request.organization, work.request.webhook_id
        ready = self._authoriser.ready(organization, work.webhook, webhook_id, timestamp_seconds, body)
        if ready is not None:
            return ready
        return await self._authoriser.fetched(
            organization, work.webhook, webhook_id, timestamp_seconds, body, work.integration.timeout_seconds
        )

    def _ended(self, stages: list[Stage], name: StageName, since_ms: int) -> int:
        now_ms = self._clock()
        stages.append(_stage(name, since_ms, now_ms))
        return now_ms

    def _failed(
        self, failure: CannotSend, stages: list[Stage], name: StageName, since_ms: int, entity: Entity | None
    ) -> NotPrepared:
        reason = failure.code if failure.detail is None else f"{failure.code}: {failure.detail}"
        return NotPrepared(failure, (*stages, _stage(name, since_ms, self._clock(), reason)), entity)


class _Missing(Exception):
    """There is no mapping for an entity."""

    def __init__(self, entity: Entity, failure: CannotSend) -> None:
        super().__init__(failure.detail)
        self.entity = entity
        self.failure = failure


def _request(work: Work, rendered: Rendered | None, body: bytes, authorisation: Authorisation) -> Request:
    if rendered is None:
        stored = work.request.stored
        return Request(
            url=work.webhook.url,
            headers=[
                *work.webhook.headers.items(),
                ("content-type", CONTENT_TYPE if stored is None else stored.content_type or CONTENT_TYPE),
                ("user-agent", USER_AGENT),
                *authorisation.headers,
            ],
            body=body,
            timeout_seconds=work.integration.timeout_seconds,
            client_certificate=authorisation.client_certificate,
        )
    # What proves who we are is never overridden by a template.
    ours = {name for name, _ in authorisation.headers} | {"user-agent"}
    return Request(
        url=rendered.url,
        headers=[
            *(header for header in rendered.headers if header[0].lower() not in ours),
            ("user-agent", USER_AGENT),
            *authorisation.headers,
        ],
        body=body,
        timeout_seconds=work.integration.timeout_seconds,
        method=rendered.method,
        client_certificate=authorisation.client_certificate,
    )


def _stage(name: StageName, started_ms: int, ended_ms: int, reason: str | None = None) -> Stage:
    return Stage(name=name, started_ms=started_ms, duration_ms=ended_ms - started_ms, ok=reason is None, reason=reason)
