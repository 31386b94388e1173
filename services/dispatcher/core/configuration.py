"""The configuration as the dispatcher needs it: resources by id, rules by event type, integrations by rule.

Everything is scoped by organization first, so that an event costs what its own organization's rules of its own type
cost and no more. Applying a record changes only the entries it touches. Lookups return fresh tuples, so a reader on
another thread never sees a container change under it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.core.resources import AnySpec, Credential, Integration, Kind, NotificationRule, Resource, Webhook


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and the text of its id, as matching needs them."""

    id: str
    spec: NotificationRule


@dataclass(slots=True)
class Configuration:
    """Current resources. One thread applies, any thread reads."""

    _specs: dict[tuple[Kind, str, str], Resource] = field(default_factory=dict)
    _exact: dict[tuple[str, str], dict[str, Rule]] = field(default_factory=dict)
    _patterns: dict[str, dict[str, tuple[re.Pattern[str], Rule]]] = field(default_factory=dict)
    _by_rule: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def apply(self, kind: Kind, organization: str, resource_id: str, resource: Resource | None) -> None:
        """Take in one record of the ``config`` topic; None is a deletion."""
        key = (kind, organization, resource_id)
        before = self._specs.get(key)
        if before is not None:
            self._unlink(organization, resource_id, before.spec)
        if resource is None:
            self._specs.pop(key, None)
            return
        self._specs[key] = resource
        self._link(organization, resource_id, resource.spec)

    def _link(self, organization: str, resource_id: str, spec: AnySpec) -> None:
        match spec:
            case NotificationRule() if "*" in spec.event_type:
                pattern = type_pattern(spec.event_type)
                self._patterns.setdefault(organization, {})[resource_id] = (pattern, Rule(resource_id, spec))
            case NotificationRule():
                rules = self._exact.setdefault((organization, spec.event_type), {})
                rules[resource_id] = Rule(resource_id, spec)
            case Integration():
                self._by_rule.setdefault((organization, spec.rule), {})[resource_id] = None
            case Webhook() | Credential():
                pass

    def _unlink(self, organization: str, resource_id: str, spec: AnySpec) -> None:
        match spec:
            case NotificationRule():
                self._patterns.get(organization, {}).pop(resource_id, None)
                self._exact.get((organization, spec.event_type), {}).pop(resource_id, None)
            case Integration():
                self._by_rule.get((organization, spec.rule), {}).pop(resource_id, None)
            case Webhook() | Credential():
                pass

    def rules_for(self, organization: str, event_type: str) -> Sequence[Rule]:
        """Active rules of the organization whose event type fits, by id."""
        fitting = list(self._exact.get((organization, event_type), {}).values())
        fitting += [
            rule for pattern, rule in list(self._patterns.get(organization, {}).values()) if pattern.match(event_type)
        ]
        return sorted((rule for rule in fitting if rule.spec.active), key=lambda rule: rule.id)

    def integrations_of(self, organization: str, rule_id: str) -> Sequence[str]:
        """Ids of the integrations that the rule triggers."""
        return sorted(self._by_rule.get((organization, rule_id), {}).copy())

    def integration(self, organization: str, resource_id: str) -> Integration | None:
        spec = self._spec(Kind.INTEGRATION, organization, resource_id)
        return spec if isinstance(spec, Integration) else None

    def webhook(self, organization: str, resource_id: str) -> Webhook | None:
        spec = self._spec(Kind.WEBHOOK, organization, resource_id)
        return spec if isinstance(spec, Webhook) else None

    def credential(self, organization: str, resource_id: str) -> Resource | None:
        """The whole resource: its sealed secrets are beside the spec."""
        return self._specs.get((Kind.CREDENTIAL, organization, resource_id))

    def _spec(self, kind: Kind, organization: str, resource_id: str) -> AnySpec | None:
        resource = self._specs.get((kind, organization, resource_id))
        return None if resource is None else resource.spec


def type_pattern(event_type: str) -> re.Pattern[str]:
    """``*`` stands for any text, dots included; everything else for itself.

    Each part is taken where it first fits and never reconsidered (atomic groups), so that a pattern of many stars costs
    time in proportion to the type's length and not to a power of it. Only the last part must end the type.
    """
    first, *middle = (re.escape(part) for part in event_type.split("*"))
    if not middle:
        return re.compile(rf"{first}\Z")
    last = middle.pop()
    return re.compile(first + "".join(rf"(?>.*?{part})" for part in middle) + rf".*{last}\Z")
