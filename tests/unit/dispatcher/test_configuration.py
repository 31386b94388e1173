"""The configuration's indexes, against looking at every rule."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.dispatcher.core.configuration import Configuration, Target
from services.dispatcher.core.event_types import type_pattern
from shared.core.faults import InvalidInput
from shared.core.resources import Kind, NotificationRule, Ordering
from tests.unit.dispatcher import samples


def rule_ids(configuration: Configuration, event_type: str, organization: str = samples.ORGANIZATION) -> list[str]:
    return [each.id for each in configuration.rules_for(organization, event_type)]


def targets(configuration: Configuration, rule_id: str, event_type: str = "a") -> list[str]:
    """Ids of the integrations that a rule triggers."""
    return [
        target.integration_id
        for rule in configuration.rules_for(samples.ORGANIZATION, event_type)
        if rule.id == rule_id
        for target in rule.targets
    ]


def test_an_exact_type_fits_itself_only() -> None:
    configuration = samples.configured(exact=samples.rule("billing.bill.created"))
    assert rule_ids(configuration, "billing.bill.created") == ["exact"]
    assert rule_ids(configuration, "billing.bill.created.again") == []
    assert rule_ids(configuration, "billing-bill.created") == []


@pytest.mark.parametrize(
    ("pattern", "event_type", "fits"),
    [
        ("*", "anything.at.all", True),
        ("billing.*", "billing.bill.created", True),
        ("billing.*", "billing", False),
        ("billing.*", "xbilling.bill", False),
        ("*.created", "billing.bill.created", True),
        ("*.created", "billing.bill.created2", False),
        ("billing.*.created", "billing.bill.created", True),
        ("billing.*.created", "billing.created", False),
        ("a.b*", "aXb.c", False),
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
        ("ab*ba", "aba", False),
        ("*aab", "aaab", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
    ],
)
def test_a_star_stands_for_any_text_dots_included(pattern: str, event_type: str, fits: bool) -> None:
    assert (rule_ids(samples.configured(a=samples.rule(pattern)), event_type) == ["a"]) is fits


@given(st.text("ab.*", min_size=1, max_size=12), st.text("ab.", min_size=1, max_size=12))
def test_patterns_agree_with_a_backtracking_search(pattern: str, event_type: str) -> None:
    simple = re.compile(".*".join(re.escape(part) for part in pattern.split("*")) + r"\Z")
    assert bool(type_pattern(pattern).match(event_type)) == bool(simple.match(event_type))


def test_a_pattern_of_many_stars_costs_no_more_than_its_length() -> None:
    hostile = type_pattern("a*" * 127 + "b")
    began = time.monotonic()
    assert hostile.match("a" * 255) is None
    assert time.monotonic() - began < 0.1


def test_an_inactive_rule_never_fits() -> None:
    configuration = samples.configured(exact=samples.rule("a.b", active=False), star=samples.rule("a.*", active=False))
    assert rule_ids(configuration, "a.b") == []


def test_organizations_never_see_each_other() -> None:
    configuration = samples.configured(mine=samples.rule("a.b"), stars=samples.rule("*"), hook=samples.webhook())
    samples.apply(configuration, "link", samples.integration("mine", "hook"))
    assert rule_ids(configuration, "a.b", "other") == []
    assert configuration.integration("other", "link") is None
    assert configuration.webhook("other", "hook") is None
    assert configuration.credential("other", "hook") is None


def test_a_rule_moves_between_types_when_it_is_updated() -> None:
    configuration = samples.configured(a=samples.rule("one"))
    for event_type in ("two", "t*", "three"):
        samples.apply(configuration, "a", samples.rule(event_type))
    assert rule_ids(configuration, "one") == rule_ids(configuration, "two") == []
    assert rule_ids(configuration, "three") == ["a"]


def test_an_integration_moves_between_rules_when_it_is_updated() -> None:
    configuration = samples.configured(
        one=samples.rule("a"), two=samples.rule("a"), hook=samples.webhook(), link=samples.integration("one")
    )
    assert (targets(configuration, "one"), targets(configuration, "two")) == (["link"], [])
    samples.apply(configuration, "link", samples.integration("two"))
    assert (targets(configuration, "one"), targets(configuration, "two")) == ([], ["link"])


def test_a_rule_knows_what_it_triggers_and_what_that_asks_for() -> None:
    configuration = samples.configured(
        exact=samples.rule("a", condition="data.x"),
        hook=samples.webhook(),
        link=samples.integration("exact", ordering=Ordering.SUBJECT),
    )
    (rule,) = configuration.rules_for(samples.ORGANIZATION, "a")
    assert (rule.condition, rule.targets) == ("data.x", (Target("link", "hook", Ordering.SUBJECT),))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"spec":[]}', b'{"spec":{"event_type":7}}'])
def test_what_is_not_in_the_form_of_a_resource_is_invalid_and_changes_nothing(raw: bytes) -> None:
    configuration = samples.configured(a=samples.rule("a"))
    with pytest.raises(InvalidInput):
        configuration.apply(Kind.NOTIFICATION_RULE, samples.ORGANIZATION, "a", raw)
    assert rule_ids(configuration, "a") == ["a"]


def test_what_proves_to_be_no_resource_when_it_is_needed_counts_as_absent() -> None:
    configuration = samples.configured(a=samples.rule("a"), b=samples.rule("a"), hook=samples.webhook())
    configuration.apply(Kind.NOTIFICATION_RULE, samples.ORGANIZATION, "a", b'{"spec":{"event_type":"a"}}')
    configuration.apply(Kind.WEBHOOK, samples.ORGANIZATION, "hook", b'{"spec":{}}')
    assert rule_ids(configuration, "a") == ["b"]
    assert configuration.webhook(samples.ORGANIZATION, "hook") is None


def test_what_is_deleted_is_unlinked_and_deleting_it_again_is_nothing() -> None:
    configuration = samples.configured(
        exact=samples.rule("a"), star=samples.rule("*"), link=samples.integration("exact"), hook=samples.webhook()
    )
    for kind, resource_id in (
        (Kind.NOTIFICATION_RULE, "exact"),
        (Kind.NOTIFICATION_RULE, "star"),
        (Kind.INTEGRATION, "link"),
        (Kind.WEBHOOK, "hook"),
    ):
        for _ in range(2):
            configuration.apply(kind, samples.ORGANIZATION, resource_id, None)
    assert rule_ids(configuration, "a") == []
    assert configuration.integration(samples.ORGANIZATION, "link") is None
    assert configuration.webhook(samples.ORGANIZATION, "hook") is None


_IDS = st.sampled_from(["r1", "r2", "r3"])
_TYPES = st.sampled_from(["a", "a.b", "a.b.c"])
_PATTERNS = _TYPES | st.sampled_from(["*", "a.*", "*.b", "a*c"])
_ORGANIZATIONS = st.sampled_from(["acme", "other"])


class History(RuleBasedStateMachine):
    """Any history of writes and deletions, against dicts of what stands; what was asked before may be remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.configuration = Configuration()
        self.standing: dict[tuple[str, str], NotificationRule] = {}
        self.links: dict[tuple[str, str], tuple[str, str]] = {}
        self.hooks: dict[tuple[str, str], bool] = {}

    @rule(organization=_ORGANIZATIONS, rule_id=_IDS, pattern=_PATTERNS, active=st.booleans())
    def write_rule(self, organization: str, rule_id: str, pattern: str, active: bool) -> None:
        self.standing[organization, rule_id] = samples.rule(pattern, active=active)
        samples.apply(self.configuration, rule_id, self.standing[organization, rule_id], organization)

    @rule(organization=_ORGANIZATIONS, rule_id=_IDS)
    def delete_rule(self, organization: str, rule_id: str) -> None:
        self.standing.pop((organization, rule_id), None)
        self.configuration.apply(Kind.NOTIFICATION_RULE, organization, rule_id, None)

    @rule(organization=_ORGANIZATIONS, link_id=_IDS, rule_id=_IDS, hook_id=_IDS)
    def write_link(self, organization: str, link_id: str, rule_id: str, hook_id: str) -> None:
        self.links[organization, link_id] = rule_id, hook_id
        samples.apply(self.configuration, link_id, samples.integration(rule_id, hook_id), organization)

    @rule(organization=_ORGANIZATIONS, link_id=_IDS)
    def delete_link(self, organization: str, link_id: str) -> None:
        self.links.pop((organization, link_id), None)
        self.configuration.apply(Kind.INTEGRATION, organization, link_id, None)

    @rule(organization=_ORGANIZATIONS, hook_id=_IDS, active=st.booleans())
    def write_hook(self, organization: str, hook_id: str, active: bool) -> None:
        self.hooks[organization, hook_id] = active
        samples.apply(self.configuration, hook_id, samples.webhook(active=active), organization)

    @rule(organization=_ORGANIZATIONS, hook_id=_IDS)
    def delete_hook(self, organization: str, hook_id: str) -> None:
        self.hooks.pop((organization, hook_id), None)
        self.configuration.apply(Kind.WEBHOOK, organization, hook_id, None)

    @invariant()
    def indexes_say_what_looking_at_everything_says(self) -> None:
        for organization in ("acme", "other"):
            for event_type in ("a", "a.b", "a.b.c"):
                said = {
                    rule.id: [target.integration_id for target in rule.targets]
                    for rule in self.configuration.rules_for(organization, event_type)
                }
                assert list(said) == sorted(said)
                assert said == {
                    rule_id: self.triggered_by(organization, rule_id)
                    for (owner, rule_id), spec in self.standing.items()
                    if owner == organization and spec.active and _fits(spec.event_type, event_type)
                }

    def triggered_by(self, organization: str, rule_id: str) -> list[str]:
        return sorted(
            link
            for (owner, link), (to, hook) in self.links.items()
            if owner == organization and to == rule_id and self.hooks.get((organization, hook), False)
        )


def _fits(pattern: str, event_type: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), event_type) is not None


TestHistory = History.TestCase
