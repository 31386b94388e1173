"""The stages before the wire: what each makes of a request, in which order, and what a failure of each says."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from services.dispatcher.core.exchange import CannotSend
from services.dispatcher.preparation import NotPrepared, Preparation, Prepared, Work
from services.dispatcher.rendering import Renderer
from shared.core.messages.delivery import AttemptSummary
from shared.core.messages.integration_events import Entity
from shared.core.messages.run_log import StageName
from shared.core.resources import Integration
from tests.unit.dispatcher import samples
from tests.unit.dispatcher.authoriser import KEY, TOKEN, Authoriser

EVENT = orjson.dumps(
    {"specversion": "1.0", "id": "e1", "source": "/s", "type": "bill.created", "data": {"account": "4711", "total": 5}}
)
MAPPING = {
    "entity_type": "account",
    "entity_id": "data.account",
    "external_system": "ledger",
    "external_table": "customers",
}


class Mappings:
    """Knows one account."""

    def find(
        self, organization: str, entity_type: str, entity_id: str, external_system: str, external_table: str
    ) -> str | None:
        known = {("acme", "account", "4711", "ledger", "customers"): "C-9"}
        return known.get((organization, entity_type, entity_id, external_system, external_table))


def native(**changes: Any) -> Integration:
    request = {"body": '{"customer": mapping.external_id, "total": data.total}'}
    return Integration.model_validate(
        {"kind": "native", "name": "n", "rule": "r", "webhook": "w", "mapping": MAPPING, "request": request, **changes}
    )


def prepare(
    integration: Integration, authoriser: Authoriser | None = None, event: bytes = EVENT, **request: Any
) -> Prepared | NotPrepared:
    ticks = iter(range(1_000, 100_000, 10))
    preparation = Preparation(
        mappings=Mappings(), renderer=Renderer(), authoriser=authoriser or Authoriser(), clock=lambda: next(ticks)
    )
    asked = samples.request(accepted_ms=100, created_ms=130, **request)
    return asyncio.run(preparation.prepare(Work(asked, event, integration, samples.webhook()), 1_000))


def stages(prepared: Prepared | NotPrepared) -> list[tuple[StageName, bool]]:
    return [(stage.name, stage.ok) for stage in prepared.stages]


def done(prepared: Prepared | NotPrepared) -> Prepared:
    assert isinstance(prepared, Prepared)
    return prepared


def failed(prepared: Prepared | NotPrepared) -> NotPrepared:
    assert isinstance(prepared, NotPrepared)
    return prepared


def test_a_plain_integration_sends_the_event_itself_and_passes_by_map_and_transform() -> None:
    prepared = done(prepare(samples.integration()))
    assert prepared.request.body is EVENT
    assert stages(prepared) == [(StageName.MATCH, True), (StageName.AUTHENTICATE, True)]


def test_match_is_noted_with_the_first_attempt_alone_and_took_from_acceptance_to_request() -> None:
    first = prepare(samples.integration()).stages[0]
    assert (first.name, first.started_ms, first.duration_ms) == (StageName.MATCH, 100, 30)
    again = prepare(
        samples.integration(), attempts=(AttemptSummary(number=1, started_ms=1, duration_ms=1, code="http.500"),)
    )
    assert stages(again) == [(StageName.AUTHENTICATE, True)]


def test_a_native_integration_sends_what_its_template_says_with_the_external_id() -> None:
    prepared = done(prepare(native()))
    assert orjson.loads(prepared.request.body) == {"customer": "C-9", "total": 5}
    assert prepared.entity == Entity(type="account", id="4711")
    assert [name for name, _ in stages(prepared)] == [
        StageName.MATCH,
        StageName.MAP,
        StageName.TRANSFORM,
        StageName.AUTHENTICATE,
    ]
    since = [stage.started_ms for stage in prepared.stages[1:]]
    assert since == sorted(since), "each begins when the one before has ended"


def test_a_missing_mapping_ends_at_map_and_names_the_entity() -> None:
    refused = failed(prepare(native(), event=EVENT.replace(b"4711", b"4712")))
    assert refused.failure == CannotSend("mapping.missing", "account 4712 in ledger, customers")
    assert refused.entity == Entity(type="account", id="4712")
    assert stages(refused) == [(StageName.MATCH, True), (StageName.MAP, False)]


def test_an_entity_that_the_event_does_not_hold_ends_at_map() -> None:
    refused = failed(prepare(native(), event=EVENT.replace(b"account", b"accounts")))
    assert refused.failure.code in ("entity.missing", "expression.failed")
    assert stages(refused)[-1] == (StageName.MAP, False)


def test_an_expression_without_an_answer_ends_at_transform_with_the_reason() -> None:
    refused = failed(prepare(native(request={"body": '{"x": data.no_such_field}'})))
    assert refused.failure.code == "expression.failed"
    assert stages(refused)[-1] == (StageName.TRANSFORM, False)
    assert "no_such_field" in (refused.stages[-1].reason or "")


def test_a_credential_that_cannot_be_used_ends_at_authenticate() -> None:
    refused = failed(prepare(native(), Authoriser("credential.unusable")))
    assert refused.failure == CannotSend("credential.unusable", "as the test says")
    assert stages(refused)[-1] == (StageName.AUTHENTICATE, False)


def test_a_token_that_is_not_there_is_waited_for_as_long_as_the_integration_allows() -> None:
    authoriser = Authoriser(must_fetch=True)
    prepared = done(prepare(samples.integration(timeout_seconds=7), authoriser))
    assert authoriser.fetches == [7.0]
    assert dict(prepared.request.headers)["authorization"] == f"Bearer {TOKEN}"


def test_a_template_may_hold_the_webhooks_key_and_never_overrides_what_authorises() -> None:
    request = {
        "headers": {"X-Key": "credential.value", "X-Total": "data.total"},
        "body": '{"key": credential.value}',
    }
    prepared = done(prepare(native(request=request), Authoriser(must_fetch=True)))
    headers = dict(prepared.request.headers)
    assert orjson.loads(prepared.request.body) == {"key": KEY}
    assert (headers["X-Key"], headers["X-Total"], headers["authorization"]) == (KEY, "5", f"Bearer {TOKEN}")
    assert [name for name, _ in prepared.request.headers].count("user-agent") == 1
