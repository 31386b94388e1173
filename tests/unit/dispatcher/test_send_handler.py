"""The send stage's work on one delivery request, with everything around it given by the test."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook as ReferenceWebhook

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.exchange import Answer, NetworkFailure, Request, Result
from services.dispatcher.preparation import Preparation
from services.dispatcher.rendering import Renderer
from services.dispatcher.send_handler import SendHandler
from shared.adapters.clock import now_ms
from shared.adapters.tracing import NoTracing, Tracing
from shared.core.messages.delivery import DUE_HEADER, AttemptSummary, DeliveryRequest
from shared.core.messages.integration_events import RunOutcome, RunStatus, decode_integration_event
from shared.core.messages.state import IntegrationState
from shared.core.records import OutRecord
from shared.core.resources import DisablePolicy
from shared.core.topics import Topic, topics
from tests.unit.dispatcher import samples
from tests.unit.dispatcher.authoriser import SECRET, Authoriser

TOPICS = topics("", 6)


class Client:
    """Answers as told and keeps what it was asked."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Result:
        self.requests.append(request)
        return self._result


def configuration(**changes: Any) -> Configuration:
    return samples.configured(
        bills=samples.rule(),
        hook=samples.webhook(headers={"X-Team": "billing"}, active=changes.pop("active", True)),
        **{"bills-to-chat": samples.integration("bills", **changes)},
    )


class Sent:
    """One request worked on."""

    def __init__(
        self,
        result: Result = Answer(200, (), b"", False),  # noqa: B008
        *,
        request: DeliveryRequest | None = None,
        using: Configuration | None = None,
        state: IntegrationState | None = None,
        states: Callable[[], IntegrationState] | None = None,
        credential_failure: str | None = None,
        body: bytes = b'{"id":"e1"}',
        tracing: Tracing = NoTracing(),  # noqa: B008
    ) -> None:
        self.client = Client(result)
        self.authoriser = authoriser = Authoriser(credential_failure)
        renderer = Renderer()
        handler = SendHandler(
            topics=TOPICS,
            configuration=using or configuration(),
            config_offset=lambda: 7,
            state_of=lambda *_: state if states is None else states(),
            client=self.client,
            preparation=Preparation(
                mappings=(using or configuration()).mappings, renderer=renderer, authoriser=authoriser, clock=now_ms
            ),
            judge=renderer,
            default_disable_policy=DisablePolicy(),
            clock=now_ms,
            chance=lambda: 0.5,
            tracing=tracing,
        )
        self.began_ms = now_ms()
        self.records, self.sign = asyncio.run(handler(request or samples.request(), body))

    def on(self, topic: Topic) -> list[OutRecord]:
        return [each for each in self.records if each.topic == topic.name]

    @property
    def outcome(self) -> RunOutcome:
        (raw,) = [each.value for each in self.on(TOPICS.integration_events)]
        data = decode_integration_event(raw or b"").data
        assert isinstance(data, RunOutcome)
        return data

    @property
    def due_in_ms(self) -> int:
        (due,) = [dict(each.headers)[DUE_HEADER] for each in self.records if DUE_HEADER in dict(each.headers)]
        return int(due) - self.began_ms


def state(*, enabled: bool, epoch: int = 4) -> IntegrationState:
    return IntegrationState(
        organization="acme", integration_id="bills-to-chat", enabled=enabled, epoch=epoch, since_ms=1, reason="x"
    )


def test_a_request_is_posted_signed_with_the_webhooks_own_headers() -> None:
    body = samples.event().encode()
    (request,) = Sent(body=body).client.requests
    assert (request.method, request.url, request.body) == ("POST", "https://example.com/hooks", body)
    assert request.timeout_seconds == 15.0
    headers = dict(request.headers)
    assert (headers["X-Team"], headers["content-type"]) == ("billing", "application/cloudevents+json")
    assert headers["webhook-id"] == "webhook-1"
    ReferenceWebhook(SECRET).verify(body, headers)


@pytest.mark.parametrize(
    ("using", "of", "status"),
    [
        (configuration(), state(enabled=False), RunStatus.DISABLED),
        (samples.configured(hook=samples.webhook()), None, RunStatus.CANCELLED),
        (configuration(webhook_id="gone"), None, RunStatus.CANCELLED),
        (configuration(active=False), None, RunStatus.CANCELLED),
    ],
    ids=["disabled", "integration deleted", "webhook deleted", "webhook inactive"],
)
def test_a_run_that_must_not_be_tried_ends_without_a_request(
    using: Configuration, of: IntegrationState | None, status: RunStatus
) -> None:
    sent = Sent(using=using, state=of)
    assert sent.client.requests == []
    assert sent.outcome.status is status


@pytest.mark.parametrize("code", ["credential.missing", "credential.unusable"])
def test_a_credential_that_fails_ends_the_run_before_the_wire(code: str) -> None:
    sent = Sent(credential_failure=code)
    assert sent.client.requests == []
    assert sent.outcome.status is RunStatus.AUTH_FAILED
    assert sent.outcome.attempts[0].code == code


@pytest.mark.parametrize(
    ("result", "least_ms"),
    [
        (NetworkFailure("read.timeout"), 2_000),
        (Answer(500, (("Retry-After", "60"),), b"", False), 2_000),
        (Answer(503, (("Retry-After", "60"),), b"", False), 60_000),
        (Answer(429, (("retry-after", "60"),), b"", False), 60_000),
        (Answer(429, (("retry-after", "1"),), b"", False), 2_000),
        (Answer(429, (("retry-after", "rubbish"),), b"", False), 2_000),
    ],
)
def test_a_failure_waits_its_schedule_or_what_a_busy_receiver_asks_for(result: Result, least_ms: int) -> None:
    assert least_ms <= Sent(result).due_in_ms < least_ms + 1_000


def test_after_the_fourth_attempt_the_run_has_failed_with_all_its_attempts() -> None:
    earlier = tuple(AttemptSummary(number=each, started_ms=1, duration_ms=1, code="http.500") for each in (1, 2, 3))
    sent = Sent(Answer(500, (), b"", False), request=samples.request(attempts=earlier, step=3))
    assert sent.outcome.status is RunStatus.FAILED
    assert [each.number for each in sent.outcome.attempts] == [1, 2, 3, 4]


@pytest.mark.parametrize("status", [400, 410])
def test_gone_is_not_tried_again_and_a_refused_body_is(status: int) -> None:
    waits = [each for each in Sent(Answer(status, (), b"", False)).records if DUE_HEADER in dict(each.headers)]
    assert len(waits) == (0 if status == 410 else 1)


@pytest.mark.parametrize(
    ("request_epoch", "of", "epoch"), [(None, None, 0), (None, state(enabled=True), 4), (2, state(enabled=True), 2)]
)
def test_the_epoch_is_that_of_the_first_attempt(
    request_epoch: int | None, of: IntegrationState | None, epoch: int
) -> None:
    assert Sent(request=samples.request(epoch=request_epoch), state=of).outcome.epoch == epoch


def test_an_integrations_own_failure_limit_goes_before_the_fleets() -> None:
    assert Sent().outcome.failure_limit == 20
    assert Sent(using=configuration(disable=DisablePolicy(failed_runs=3))).outcome.failure_limit == 3
