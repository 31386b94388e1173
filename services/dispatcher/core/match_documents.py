"""What the match stage writes about an event, put together as plain documents.

Of the same making, and for the same reason, as `services.dispatcher.core.run_documents`; the models are `MatchRecord`
and `DeliveryRequest`, and a test reads what is written here with them and demands that they write the same bytes.
"""

import orjson

from services.dispatcher.core.matching import Match, Triggered
from services.dispatcher.core.run_documents import Document
from shared.core.cloud_events import CloudEvent
from shared.core.messages.base import ORGANIZATION_HEADER, RUN_ID_HEADER, Headers
from shared.core.messages.delivery import DELIVERY_HEADER


def match_record(match: Match) -> bytes:
    """`MatchRecord`: what the event led to."""
    record: Document = {
        "v": 1,
        "kind": "match",
        "organization": match.event.organization,
        "event": _reference(match.event),
        "accepted_ms": match.accepted_ms,
        "matched_ms": match.now_ms,
        "config_offset": match.config_offset,
        "runs": [
            {
                "run_id": run.run_id,
                "integration_id": run.integration_id,
                "rule_id": run.rule_id,
                "webhook_id": run.webhook_id,
            }
            for run in match.runs
        ],
        "unevaluable": [{"rule_id": each.rule_id, "reason": each.reason} for each in match.unevaluable],
    }
    if match.trace is not None:
        record["trace_id"] = match.trace.trace_id
    return orjson.dumps(record)


def request_headers(match: Match, run: Triggered) -> Headers:
    """Headers of a run's delivery request, `DeliveryRequest` among them."""
    organization = match.event.organization
    request: Document = {
        "v": 1,
        "run_id": run.run_id,
        "webhook_id": run.run_id,
        "organization": organization,
        "integration_id": run.integration_id,
        "shard": 0,
        "trigger": "event",
        "event": _reference(match.event),
        "rule_id": run.rule_id,
        "chain": match.chain,
        "config_offset": match.config_offset,
        "accepted_ms": match.accepted_ms,
        "created_ms": match.now_ms,
        "step": 0,
        "attempts": (),
        "waited_ms": 0,
        "deferrals": 0,
    }
    if match.trace is not None:
        request |= match.trace.headers()
    return [
        (ORGANIZATION_HEADER, organization.encode()),
        (RUN_ID_HEADER, run.run_id.encode()),
        (DELIVERY_HEADER, orjson.dumps(request)),
    ]


def _reference(event: CloudEvent) -> Document:
    """`EventRef`."""
    reference: Document = {"source": event.source, "id": event.id, "type": event.type}
    if event.subject is not None:
        reference["subject"] = event.subject
    if event.time is not None:
        reference["time"] = event.time
    return reference
