"""The configuration as the dispatcher needs it: resources by id, rules by event type with all that they trigger.

A resource is kept as the bytes it came in and read when it is first needed, so that 100,000 rules cost what their bytes
cost. To index one, only a field or two of it are looked at. What else is wrong with a record shows when it is needed,
and then it counts as absent, as it does to every worker; the dead letter for it is the recorder's, which reads all of
them.

Everything is scoped by organization first, and what an event type leads to is worked out once and remembered until
something of its organization changes. So an event costs what its own organization's rules of its own type cost and no
more, and what can be done when configuration changes is not done when an event comes.

One thread applies, any thread reads, without a lock: an entry is linked anew before it is unlinked, a reader checks
what it found against the resource itself, and a copy made by one call (``tuple``) cannot see a dict change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from pydantic import ValidationError

from services.dispatcher.core.event_types import fits
from services.dispatcher.core.mappings import Mappings
from shared.core.faults import Fault, InvalidInput
from shared.core.resources import AnySpec, Integration, Kind, NotificationRule, Ordering, Resource, Webhook

#: Resources kept read, those used last: 2.8 KiB each.
_READ = 10_000
#: Event types remembered with what they lead to, of all organizations; producers choose them, so there must be a bound.
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Target:
    """An integration that a rule triggers: enabled or not, with a webhook that is active."""

    integration_id: str
    webhook_id: str
    ordering: Ordering


@dataclass(frozen=True, slots=True)
class Rule:
    """An active rule as matching needs it, its targets by id."""

    id: str
    condition: str | None
    targets: tuple[Target, ...]


@dataclass(slots=True)
class Configuration:
    """Current resources."""

    mappings: Mappings = field(default_factory=Mappings)
    _raw: dict[tuple[Kind, str], dict[str, bytes]] = field(default_factory=dict)
    #: (organization, event type) → ids of the rules for exactly that type.
    _exact: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    #: organization → ids of the rules whose type is a pattern, with it.
    _patterns: dict[str, dict[str, str]] = field(default_factory=dict)
    #: (organization, rule) → ids of the integrations that it triggers.
    _by_rule: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    #: organization → number of changes, which tells what is remembered from what holds.
    _changes: dict[str, int] = field(default_factory=dict)
    #: (organization, event type) → the changes it was worked out after, and the rules.
    _remembered: dict[tuple[str, str], tuple[int, tuple[Rule, ...]]] = field(default_factory=dict)

    def apply(self, kind: Kind, organization: str, resource_id: str, raw: bytes | None) -> None:
        """Take in one record of the ``config`` topic; no value is a deletion.

        Raises InvalidInput, and keeps what was there, when it is not even in the form of a resource.
        """
        of_kind = self._raw.setdefault((kind, organization), {})
        before = of_kind.get(resource_id)
        link = None if raw is None else _link(kind, raw)
        was = None if before is None else _link(kind, before)
        if raw is None:
            of_kind.pop(resource_id, None)
        else:
            of_kind[resource_id] = raw
        if link != was:
            if link is not None:
                self._link(kind, organization, link, resource_id)
            if was is not None:
                self._unlink(kind, organization, was, resource_id)
        self._changes[organization] = self._changes.get(organization, 0) + 1

    def _link(self, kind: Kind, organization: str, link: str, resource_id: str) -> None:
        if kind is Kind.INTEGRATION:
            self._by_rule.setdefault((organization, link), {})[resource_id] = None
        elif "*" in link:
            self._patterns.setdefault(organization, {})[resource_id] = link
        else:
            self._exact.setdefault((organization, link), {})[resource_id] = None

    def _unlink(self, kind: Kind, organization: str, link: str, resource_id: str) -> None:
        if kind is Kind.NOTIFICATION_RULE and "*" in link:
            patterns = self._patterns[organization]
            if patterns.get(resource_id) == link:
                del patterns[resource_id]
            return
        index = self._by_rule if kind is Kind.INTEGRATION else self._exact
        linked = index[organization, link]
        del linked[resource_id]
        if not linked:
            del index[organization, link]

    def rules_for(self, organization: str, event_type: str) -> Sequence[Rule]:
        """Active rules of the organization whose event type fits, by id."""
        key = (organization, event_type)
        changes = self._changes.get(organization)
        if changes is None:
            return ()
        kept = self._remembered.get(key)
        if kept is not None and kept[0] == changes:
            return kept[1]
        rules = tuple(self._work_out(organization, event_type))
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (changes, rules)
        return rules

    def _work_out(self, organization: str, event_type: str) -> list[Rule]:
        fitting = list(self._exact.get((organization, event_type), ()))
        fitting += [
            rule_id
            for rule_id, pattern in tuple(self._patterns.get(organization, {}).items())
            if fits(pattern, event_type)
        ]
        rules = []
        for rule_id in sorted(set(fitting)):
            spec = self._spec(Kind.NOTIFICATION_RULE, organization, rule_id)
            # It may have been changed since it was looked up.
            if isinstance(spec, NotificationRule) and spec.active and fits(spec.event_type, event_type):
                rules.append(Rule(rule_id, spec.condition, self._targets_of(organization, rule_id)))
        return rules

    def _targets_of(self, organization: str, rule_id: str) -> tuple[Target, ...]:
        targets = []
        for integration_id in sorted(self._by_rule.get((organization, rule_id), ())):
            integration = self.integration(organization, integration_id)
            if integration is None or integration.rule != rule_id:
                continue
            webhook = self.webhook(organization, integration.webhook)
            if webhook is not None and webhook.active:
                targets.append(Target(integration_id, integration.webhook, integration.ordering))
        return tuple(targets)

    def integration(self, organization: str, resource_id: str) -> Integration | None:
        spec = self._spec(Kind.INTEGRATION, organization, resource_id)
        return spec if isinstance(spec, Integration) else None

    def webhook(self, organization: str, resource_id: str) -> Webhook | None:
        spec = self._spec(Kind.WEBHOOK, organization, resource_id)
        return spec if isinstance(spec, Webhook) else None

    def credential(self, organization: str, resource_id: str) -> Resource | None:
        """The whole resource: its sealed secrets are beside the spec."""
        return self._resource(Kind.CREDENTIAL, organization, resource_id)

    def _spec(self, kind: Kind, organization: str, resource_id: str) -> AnySpec | None:
        resource = self._resource(kind, organization, resource_id)
        return None if resource is None else resource.spec

    def _resource(self, kind: Kind, organization: str, resource_id: str) -> Resource | None:
        of_kind = self._raw.get((kind, organization))
        raw = None if of_kind is None else of_kind.get(resource_id)
        return None if raw is None else _read(raw)


@lru_cache(maxsize=_READ)
def _read(raw: bytes) -> Resource | None:
    """The resource; None when it is none after all."""
    try:
        return Resource.model_validate_json(raw)
    except ValidationError:
        return None


#: What of a spec it is found by.
_LINKS = {Kind.NOTIFICATION_RULE: "event_type", Kind.INTEGRATION: "rule"}


def _link(kind: Kind, raw: bytes) -> str | None:
    """What a resource is found by, apart from its id. Raises InvalidInput when it is not in the form of one."""
    try:
        document: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidInput([Fault("(value)", "not JSON", "only ingest writes this topic")]) from None
    spec = document.get("spec") if isinstance(document, dict) else None
    if not isinstance(spec, dict):
        raise InvalidInput([Fault("spec", "missing or no object", "only ingest writes this topic")])
    name = _LINKS.get(kind)
    if name is None:
        return None
    link = spec.get(name)
    if not isinstance(link, str):
        raise InvalidInput([Fault(f"spec.{name}", "missing or no text", "only ingest writes this topic")])
    return link
