"""The rules, integrations and webhooks of many organizations, as records of ``config``."""

from collections.abc import Iterator

import orjson

from bench.stages.delivery import TOPICS
from shared.core.records import Record
from shared.core.resources import Kind
from shared.core.topics import config_key

RULES_PER_TYPE = 10
TYPES_PER_ORGANIZATION = 10
#: Organizations whose events come, where there are as many.
BUSY = 10
_RULES_PER_ORGANIZATION = RULES_PER_TYPE * TYPES_PER_ORGANIZATION


def organization(number: int) -> str:
    """The name of organization ``number``, from 0."""
    return f"organization-{number:05d}"


def event_type(number: int) -> str:
    """The name of type ``number`` of an organization, from 0."""
    return f"billing.bill.created{number}"


def busy_pairs(rules: int) -> list[tuple[str, str]]:
    """Organizations, `BUSY` of them spread over all, with each of their types."""
    organizations = range(0, max(1, rules // _RULES_PER_ORGANIZATION), max(1, rules // _RULES_PER_ORGANIZATION // BUSY))
    return [
        (organization(owner), event_type(number)) for owner in organizations for number in range(TYPES_PER_ORGANIZATION)
    ]


def records(rules: int, *, link_every_rule: bool) -> Iterator[Record]:
    """``rules`` rules, each with an integration and a webhook of its own, or only the one of ten that fires."""
    for number in range(rules):
        owner = organization(number // _RULES_PER_ORGANIZATION)
        fires = number % RULES_PER_TYPE == 0
        rule_id, hook_id = f"large-bills-{number:06d}", f"accounting-{number:06d}"
        spec = {
            "name": f"Bills of more than {number}",
            "event_type": event_type(number // RULES_PER_TYPE % TYPES_PER_ORGANIZATION),
            "condition": f"data.new.amount > {'10' if fires else '1000'} && data.new.id != 'bill-{number}'",
            "active": True,
        }
        yield _record(Kind.NOTIFICATION_RULE, owner, rule_id, spec)
        if not (fires or link_every_rule):
            continue
        hook = {
            "name": "Accounting",
            "url": f"https://accounting{number}.example.com/hooks/bills",
            "headers": {"X-Team": "billing"},
            "credentials": ["signing"],
            "active": True,
        }
        yield _record(Kind.WEBHOOK, owner, hook_id, hook)
        integration = {
            "kind": "notification-webhook",
            "name": f"Bills of more than {number} to accounting",
            "rule": rule_id,
            "webhook": hook_id,
            "timeout_seconds": 15.0,
            "retry": {"delays_seconds": [2.0, 4.0, 8.0], "jitter": 0.0},
            "ordering": "none",
        }
        yield _record(Kind.INTEGRATION, owner, f"bills-to-accounting-{number:06d}", integration)


def _record(kind: Kind, owner: str, resource_id: str, spec: dict[str, object]) -> Record:
    resource = {
        "v": 1,
        "kind": kind,
        "organization": owner,
        "id": resource_id,
        "spec": spec,
        "sealed": [],
        "created_ms": 1_769_860_800_000,
        "updated_ms": 1_769_860_800_000,
    }
    # A copy, as a consumer makes it: what orjson returns holds up to 4 KB more than it says.
    value = bytes(bytearray(orjson.dumps(resource)))
    return Record(TOPICS.config.name, 0, 0, config_key(kind, owner, resource_id), value, (), 0)
