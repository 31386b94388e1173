"""The send stage's work on one delivery request: resolve, prepare, post, decide, and say what to produce.

When a run may begin is not decided here (`services.dispatcher.core.gate`); this module knows what its integration sets,
and what becomes of a run that is put off.

Configuration and state are resolved now, not when the event was matched, so a corrected URL, a new secret or a
disabled integration applies to runs that already wait. Nothing is produced here: the caller gets records and finishes
the request when they are acknowledged.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from services.dispatcher.core.classification import Failed, Verdict, classify, sign_of
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.deferral import OUT_OF_TIME, put_off
from services.dispatcher.core.exchange import Answer, Request, Result, traced
from services.dispatcher.core.gate import Defer, Limits
from services.dispatcher.core.retry_policy import GiveUp, Next, next_try, parse_retry_after
from services.dispatcher.core.run_records import Attempted, LedTo, Terms, records_of_attempt, records_of_skip, waiting
from services.dispatcher.core.step_spans import attempt_span
from services.dispatcher.core.window import Sign
from services.dispatcher.preparation import NotPrepared, Prepared, Work
from services.dispatcher.table_waits import wait_for_configuration, wait_for_epoch
from shared.adapters import metrics
from shared.adapters.clock import Clock, rfc3339
from shared.adapters.tracing import Tracing
from shared.core.messages.delivery import DeliveryRequest
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import Stage, StageName
from shared.core.messages.state import FIRST_EPOCH, IntegrationState
from shared.core.records import OutRecord
from shared.core.resources import DisablePolicy, Integration, Webhook
from shared.core.topics import Topics

_UNAUTHORIZED = 401
#: Looked up once: it is counted with every delivery.
_SUCCEEDED = metrics.ATTEMPTS.labels("success")
_DELIVERED_AT_ONCE = metrics.DELIVERY_SECONDS.labels("no")
_DELIVERED_AFTER_WAITING = metrics.DELIVERY_SECONDS.labels("yes")
#: A scrape takes one exemplar a bucket, so one a second costs next to nothing and is enough.
_EXEMPLAR_EVERY_MS = 1_000


class HttpClient(Protocol):
    """Whatever posts requests."""

    async def send(self, request: Request) -> Result:
        """Perform ``request``; every failure is a result."""


class Judges(Protocol):
    """Whatever performs an integration's own test of an answer."""

    async def succeeded(
        self, request: DeliveryRequest, integration: Integration, answer: Answer
    ) -> Literal[True] | str | None:
        """True when the answer is a success, else why it is none; null when there is no such test."""


class Prepares(Protocol):
    """Whatever builds the request to send."""

    async def prepare(self, work: Work, started_ms: int) -> Prepared | NotPrepared:
        """Never raises for what configuration or events are like."""

    def refused(self, work: Work, prepared: Prepared) -> None:
        """The receiver did not accept who we are."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What work on a request led to, nothing of it produced yet, and what it says about the receiver."""

    led_to: LedTo
    sign: Sign


class SendHandler:
    """Works on one delivery request per call."""

    def __init__(
        self,
        *,
        topics: Topics,
        configuration: Configuration,
        config_offset: Callable[[], int],
        state_of: Callable[[str, str], IntegrationState | None],
        client: HttpClient,
        preparation: Prepares,
        judge: Judges,
        default_disable_policy: DisablePolicy,
        clock: Clock,
        chance: Callable[[], float],
        tracing: Tracing,
    ) -> None:
        """``chance`` draws evenly from [0, 1)."""
        self._topics = topics
        self._configuration = configuration
        self._config_offset = config_offset
        self._state_of = state_of
        self._client = client
        self._preparation = preparation
        self._judge = judge
        self._default_disable_policy = default_disable_policy
        self._clock = clock
        self._chance = chance
        self._exemplar_ms = 0
        self._tracing = tracing

    def limits(self, request: DeliveryRequest) -> Limits | None:
        """What the run's integration sets; null when nothing will be sent, so that no limit applies."""
        return self.limits_of(request.organization, request.integration_id)

    def limits_of(self, organization: str, integration_id: str) -> Limits | None:
        integration = self._configuration.integration(organization, integration_id)
        state = self._state_of(organization, integration_id)
        if integration is None or (state is not None and not state.enabled):
            return None
        rate = integration.rate_limit
        if rate is None:
            return Limits(concurrency=integration.concurrency)
        return Limits(rate.per_second, rate.most_at_once, integration.concurrency)

    def deferred(self, request: DeliveryRequest, value: bytes, defer: Defer) -> list[OutRecord]:
        """The run on its way to come back later, or its end when its time is over."""
        now_ms = self._clock()
        metrics.DEFERRALS.labels("receiver" if defer.by_receiver else "limit").inc()
        integration = self._configuration.integration(request.organization, request.integration_id)
        later = put_off(request, defer, () if integration is None else integration.retry.delays_seconds)
        if later is not None:
            return [waiting(later, value, now_ms + defer.wait_ms, now_ms, self._topics)]
        state = self._state_of(request.organization, request.integration_id)
        terms = self._terms(request, integration, state)
        message = f"The run's time was over: {OUT_OF_TIME.cause}. {OUT_OF_TIME.remedy}"
        return records_of_skip(
            request, value, RunStatus.TIMED_OUT, message, now_ms, terms, self._topics, rfc3339(now_ms), OUT_OF_TIME
        )

    async def __call__(self, request: DeliveryRequest, value: bytes) -> tuple[list[OutRecord], Sign]:
        """Work on one request: the records it leads to, a retry's included, and what it says about the receiver."""
        worked = await self.work(request, value)
        return worked.led_to.with_tier(value, self._topics), worked.sign

    async def work(self, request: DeliveryRequest, value: bytes) -> Worked:
        """Work on one request."""
        await wait_for_configuration(self._config_offset, request.config_offset, self._clock)
        integration = self._configuration.integration(request.organization, request.integration_id)
        # The epoch that counts is the one in force before the first attempt begins.
        state = self._state_of(request.organization, request.integration_id)
        if state is not None and not state.enabled and request.enabled_epoch is not None:
            newest = functools.partial(self._state_of, request.organization, request.integration_id)
            state = await wait_for_epoch(newest, request.enabled_epoch, self._clock)
        terms = self._terms(request, integration, state)
        if integration is None:
            return self._skip(request, value, RunStatus.CANCELLED, "The integration was deleted.", terms)
        if state is not None and not state.enabled:
            return self._skip(request, value, RunStatus.DISABLED, "The integration is disabled.", terms)
        webhook = self._configuration.webhook(request.organization, integration.webhook)
        if webhook is None or not webhook.active:
            reason = "The webhook was deleted." if webhook is None else "The webhook is not active."
            return self._skip(request, value, RunStatus.CANCELLED, reason, terms)
        attempted = await self._attempt(request, value, integration, webhook)
        if attempted.trace is not None:
            self._tracing.record(attempt_span(request, attempted, attempted.trace))
        led_to = records_of_attempt(request, value, attempted, terms, self._topics, rfc3339(attempted.ended_ms))
        return Worked(led_to, sign_of(attempted.result))

    async def _attempt(
        self, request: DeliveryRequest, value: bytes, integration: Integration, webhook: Webhook
    ) -> Attempted:
        started_ms = self._clock()
        trace = request.trace
        if trace is not None:
            trace = self._tracing.step(trace, "attempt", request.run_id, request.step)
        work = Work(request, value, integration, webhook)
        prepared = await self._preparation.prepare(work, started_ms)
        if isinstance(prepared, NotPrepared):
            ended_ms = self._clock()
            verdict = classify(prepared.failure)
            self._count(verdict, request, ended_ms)
            following = self._next(request, prepared.failure, verdict, integration, started_ms, ended_ms)
            return Attempted(
                None,
                prepared.failure,
                verdict,
                following,
                prepared.stages,
                started_ms,
                ended_ms,
                entity=prepared.entity,
                trace=trace,
            )
        sent = prepared.request if trace is None else traced(prepared.request, trace)
        sent_ms = self._clock()
        metrics.IN_FLIGHT.inc()
        try:
            result = await self._client.send(sent)
        finally:
            metrics.IN_FLIGHT.dec()
        metrics.ATTEMPT_SECONDS.observe((self._clock() - sent_ms) / 1000)
        verdict = classify(result, await self._success(work, result))
        ended_ms = self._clock()
        self._count(verdict, request, ended_ms)
        if isinstance(result, Answer) and result.status == _UNAUTHORIZED:
            self._preparation.refused(work, prepared)
        return Attempted(
            sent,
            result,
            verdict,
            self._next(request, result, verdict, integration, started_ms, ended_ms),
            (*prepared.stages, _performed(sent_ms, ended_ms, verdict)),
            started_ms,
            ended_ms,
            prepared.authorisation.secrets,
            prepared.entity,
            trace,
        )

    async def _success(self, work: Work, result: Result) -> bool | str | None:
        """What the integration's own test says of an answer; null where there is none."""
        if work.integration.is_plain or not isinstance(result, Answer):
            return None
        return await self._judge.succeeded(work.request, work.integration, result)

    def _next(
        self,
        request: DeliveryRequest,
        result: Result,
        verdict: Verdict,
        integration: Integration,
        started_ms: int,
        ended_ms: int,
    ) -> Next:
        if not isinstance(verdict, Failed) or verdict.final:
            return GiveUp()
        retry_after_ms = None
        if isinstance(result, Answer) and result.status in (429, 503):
            retry_after_ms = parse_retry_after(result.header("retry-after"), ended_ms)
        return next_try(
            request.next_attempt,
            integration.retry.delays_seconds,
            ended_ms,
            retry_after_ms,
            stretch=1.0 + integration.retry.jitter * self._chance(),
            waited_ms=request.waited_ms + ended_ms - started_ms,
        )

    def _count(self, verdict: Verdict, request: DeliveryRequest, ended_ms: int) -> None:
        if isinstance(verdict, Failed):
            metrics.ATTEMPTS.labels(verdict.event_type).inc()
        else:
            _SUCCEEDED.inc()
            delivered = _DELIVERED_AFTER_WAITING if request.attempts or request.deferrals else _DELIVERED_AT_ONCE
            exemplar = None
            if request.traceparent is not None and ended_ms - self._exemplar_ms >= _EXEMPLAR_EVERY_MS:
                self._exemplar_ms, exemplar = ended_ms, request.trace_fields
            delivered.observe((ended_ms - request.accepted_ms) / 1000, exemplar)

    def _skip(self, request: DeliveryRequest, value: bytes, status: RunStatus, reason: str, terms: Terms) -> Worked:
        now_ms = self._clock()
        metrics.RUNS_SKIPPED.labels(status.value).inc()
        records = records_of_skip(request, value, status, reason, now_ms, terms, self._topics, rfc3339(now_ms))
        return Worked(LedTo(records), Sign.NOT_ASKED)

    def _terms(
        self, request: DeliveryRequest, integration: Integration | None, state: IntegrationState | None
    ) -> Terms:
        policy = self._default_disable_policy
        if integration is not None and integration.disable is not None:
            policy = integration.disable
        epoch = request.epoch
        if epoch is None:
            epoch = FIRST_EPOCH if state is None else state.epoch
        return Terms(epoch, policy.failed_runs, round(policy.minimum_failing_seconds * 1000))


def _performed(started_ms: int, ended_ms: int, verdict: Verdict) -> Stage:
    return Stage(
        name=StageName.PERFORM,
        started_ms=started_ms,
        duration_ms=ended_ms - started_ms,
        ok=not isinstance(verdict, Failed),
        reason=verdict.error.happened if isinstance(verdict, Failed) else None,
    )
