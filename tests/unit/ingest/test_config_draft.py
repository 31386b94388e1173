"""Judging configuration changes against the table and against each other."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.ingest.core.config_changes import (
    Accepted,
    AnyVersion,
    Apply,
    Deferred,
    Delete,
    DrawnSecret,
    Effect,
    Invalid,
    Judgement,
    NotFound,
    Planned,
    Put,
    PutOne,
    ResourceKey,
    StillReferenced,
    Stored,
    VersionNeeded,
    VersionStale,
)
from services.ingest.core.config_draft import ConfigDraft
from shared.core.resources import (
    AnySpec,
    HmacCredential,
    Integration,
    Kind,
    MappingQuestion,
    NotificationRule,
    Resource,
    Webhook,
)


class Table(dict[ResourceKey, Stored]):
    """A table at rest."""

    def of_organization(self, organization: str) -> Iterator[tuple[ResourceKey, Stored]]:
        yield from ((key, stored) for key, stored in self.items() if key.organization == organization)

    def holder_of(self, organization: str, question: MappingQuestion) -> ResourceKey | None:
        return None  # no mappings here: `test_mapping_questions` is about them


HOOK = ResourceKey(Kind.WEBHOOK, "acme", "w")
RULE = ResourceKey(Kind.NOTIFICATION_RULE, "acme", "r")
LINK = ResourceKey(Kind.INTEGRATION, "acme", "i")
SECRET = ResourceKey(Kind.CREDENTIAL, "acme", "c")


def webhook(name: str = "W", **more: Any) -> Webhook:
    return Webhook(name=name, url="https://example.com/hook", **more)


def rule(name: str = "R") -> NotificationRule:
    return NotificationRule(name=name, event_type="bill.*")


def link(name: str = "I") -> Integration:
    return Integration(name=name, rule="r", webhook="w")


def put(key: ResourceKey, spec: AnySpec, *, field: str = "", sealed: str | None = None) -> Put:
    return Put(key, spec, at_ms=2_000, field=field, secret=None if sealed is None else DrawnSecret(sealed))


def stored(key: ResourceKey, spec: AnySpec, version: int = 7, sealed: tuple[str, ...] = ()) -> Stored:
    resource = Resource(
        kind=key.kind,
        organization=key.organization,
        id=key.id,
        spec=spec,
        sealed=sealed,
        created_ms=1_000,
        updated_ms=1_000,
    )
    return Stored(resource, version)


def table(*items: tuple[ResourceKey, AnySpec]) -> Table:
    return Table({key: stored(key, spec) for key, spec in items})


def only(judgement: Judgement) -> Planned:
    assert isinstance(judgement, Accepted), judgement
    (part,) = judgement.parts
    return part


def test_what_is_not_there_is_created() -> None:
    draft = ConfigDraft(table())
    part = only(draft.judge(PutOne(put(HOOK, webhook()), None)))
    assert (part.effect, part.record, part.version) == (Effect.CREATED, 0, None)
    (record,) = draft.records("config")
    assert record.key == b"webhook/acme/w"
    assert record.headers == [("organization", b"acme")]


def test_an_update_needs_the_version_it_replaces() -> None:
    draft = ConfigDraft(table((HOOK, webhook())))
    assert draft.judge(PutOne(put(HOOK, webhook("new")), None)) == VersionNeeded(HOOK, 7)
    assert draft.records("config") == []


@pytest.mark.parametrize("known", [7, AnyVersion()])
def test_an_update_of_the_current_version_is_taken(known: int | AnyVersion) -> None:
    draft = ConfigDraft(table((HOOK, webhook())))
    part = only(draft.judge(PutOne(put(HOOK, webhook("new")), known)))
    assert part.effect is Effect.UPDATED
    assert part.resource is not None
    assert (part.resource.created_ms, part.resource.updated_ms) == (1_000, 2_000)


def test_an_update_of_another_version_is_refused_with_the_current_one() -> None:
    draft = ConfigDraft(table((HOOK, webhook())))
    assert draft.judge(PutOne(put(HOOK, webhook("new")), 6)) == VersionStale(HOOK, 7)


@pytest.mark.parametrize("known", [6, AnyVersion()])
def test_a_version_of_what_is_gone_is_stale(known: int | AnyVersion) -> None:
    assert ConfigDraft(table()).judge(PutOne(put(HOOK, webhook()), known)) == VersionStale(HOOK, None)


@pytest.mark.parametrize("known", [None, 7, 6])
def test_an_identical_spec_writes_nothing(known: int | None) -> None:
    draft = ConfigDraft(table((HOOK, webhook())))
    part = only(draft.judge(PutOne(put(HOOK, webhook()), known)))
    assert (part.effect, part.version) == (Effect.UNCHANGED, 7)
    assert draft.records("config") == []


def test_references_must_exist() -> None:
    judgement = ConfigDraft(table((RULE, rule()))).judge(PutOne(put(LINK, link()), None))
    assert isinstance(judgement, Invalid)
    assert [fault.field for fault in judgement.faults] == ["webhook"]


def test_a_reference_into_another_organization_is_none() -> None:
    foreign = ResourceKey(Kind.WEBHOOK, "other", "w")
    judgement = ConfigDraft(table((RULE, rule()), (foreign, webhook()))).judge(PutOne(put(LINK, link()), None))
    assert isinstance(judgement, Invalid)


def test_a_later_request_sees_the_earlier_ones() -> None:
    draft = ConfigDraft(table((RULE, rule())))
    only(draft.judge(PutOne(put(HOOK, webhook()), None)))
    assert only(draft.judge(PutOne(put(LINK, link()), None))).record == 1


def test_a_later_request_does_not_see_what_an_earlier_one_deleted() -> None:
    draft = ConfigDraft(table((RULE, rule()), (HOOK, webhook())))
    only(draft.judge(Delete(HOOK, None)))
    assert isinstance(draft.judge(PutOne(put(LINK, link()), None)), Invalid)


@pytest.mark.parametrize(
    "second", [PutOne(put(HOOK, webhook("second")), 7), Apply((put(HOOK, webhook("second")),)), Delete(HOOK, 7)]
)
def test_a_second_change_of_one_resource_waits_for_the_version_of_the_first(second: PutOne | Apply | Delete) -> None:
    draft = ConfigDraft(table((HOOK, webhook())))
    only(draft.judge(PutOne(put(HOOK, webhook("first")), 7)))
    assert draft.judge(second) == Deferred()
    assert len(draft.records("config")) == 1


def test_what_is_in_use_is_not_deleted() -> None:
    draft = ConfigDraft(table((RULE, rule()), (HOOK, webhook()), (LINK, link())))
    assert draft.judge(Delete(HOOK, None)) == StillReferenced(HOOK, (LINK,))


def test_what_an_earlier_request_began_to_use_is_not_deleted() -> None:
    draft = ConfigDraft(table((RULE, rule()), (HOOK, webhook())))
    only(draft.judge(PutOne(put(LINK, link()), None)))
    assert draft.judge(Delete(RULE, None)) == StillReferenced(RULE, (LINK,))


def test_what_an_earlier_request_stopped_using_is_deleted() -> None:
    draft = ConfigDraft(table((RULE, rule()), (HOOK, webhook()), (LINK, link())))
    only(draft.judge(Delete(LINK, None)))
    assert only(draft.judge(Delete(HOOK, None))).effect is Effect.DELETED


def test_a_user_in_another_organization_is_no_user() -> None:
    foreign = ResourceKey(Kind.INTEGRATION, "other", "i")
    draft = ConfigDraft(table((HOOK, webhook()), (foreign, link())))
    assert only(draft.judge(Delete(HOOK, None))).effect is Effect.DELETED


def test_a_deletion_is_a_tombstone() -> None:
    draft = ConfigDraft(table((HOOK, webhook())))
    only(draft.judge(Delete(HOOK, 7)))
    assert [(record.key, record.value) for record in draft.records("config")] == [(b"webhook/acme/w", None)]


def test_deleting_another_version_is_refused() -> None:
    assert ConfigDraft(table((HOOK, webhook()))).judge(Delete(HOOK, 6)) == VersionStale(HOOK, 7)


def test_deleting_what_is_not_there_is_said() -> None:
    assert ConfigDraft(table()).judge(Delete(HOOK, None)) == NotFound(HOOK)


def test_apply_may_point_inside_itself_in_any_order() -> None:
    draft = ConfigDraft(table())
    judgement = draft.judge(Apply((put(LINK, link()), put(RULE, rule()), put(HOOK, webhook()))))
    assert isinstance(judgement, Accepted)
    assert [part.record for part in judgement.parts] == [0, 1, 2]


def test_apply_needs_no_versions_and_leaves_alone_what_is_right() -> None:
    draft = ConfigDraft(table((RULE, rule()), (HOOK, webhook())))
    judgement = draft.judge(Apply((put(RULE, rule()), put(HOOK, webhook("new")))))
    assert isinstance(judgement, Accepted)
    assert [(part.effect, part.record, part.version) for part in judgement.parts] == [
        (Effect.UNCHANGED, None, 7),
        (Effect.UPDATED, 0, None),
    ]


def test_apply_is_all_or_nothing() -> None:
    draft = ConfigDraft(table())
    judgement = draft.judge(Apply((put(RULE, rule()), put(LINK, link(), field="resources[1].spec"))))
    assert isinstance(judgement, Invalid)
    assert [fault.field for fault in judgement.faults] == ["resources[1].spec.webhook"]
    assert draft.records("config") == []


def test_apply_refuses_one_resource_twice() -> None:
    judgement = ConfigDraft(table()).judge(Apply((put(RULE, rule(), field="a"), put(RULE, rule("x"), field="b"))))
    assert isinstance(judgement, Invalid)
    assert [fault.field for fault in judgement.faults] == ["b"]


def test_the_kind_of_an_integration_is_fixed() -> None:
    other = link().model_copy(update={"kind": "native"})
    draft = ConfigDraft(table((RULE, rule()), (HOOK, webhook()), (LINK, link())))
    judgement = draft.judge(Apply((put(LINK, other, field="resources[0].spec"),)))
    assert isinstance(judgement, Invalid)
    assert [fault.field for fault in judgement.faults] == ["resources[0].spec.kind"]


def credential(name: str = "C") -> HmacCredential:
    return HmacCredential(kind="hmac", name=name)


def test_a_new_credential_gets_the_secret_that_was_drawn() -> None:
    part = only(ConfigDraft(table()).judge(PutOne(put(SECRET, credential(), sealed="s1"), None)))
    assert part.resource is not None
    assert part.resource.sealed == ("s1",)


def test_an_updated_credential_keeps_its_secret() -> None:
    there = Table({SECRET: stored(SECRET, credential(), sealed=("s1",))})
    part = only(ConfigDraft(there).judge(PutOne(put(SECRET, credential("new"), sealed="s2"), 7)))
    assert part.resource is not None
    assert (part.effect, part.resource.sealed) == (Effect.UPDATED, ("s1",))


def test_a_credential_that_an_earlier_try_of_the_same_request_wrote_counts_as_created() -> None:
    there = Table({SECRET: stored(SECRET, credential(), sealed=("s1",))})
    part = only(ConfigDraft(there).judge(PutOne(put(SECRET, credential(), sealed="s1"), None)))
    assert (part.effect, part.version, part.record) == (Effect.CREATED, 7, None)


def test_a_credential_that_somebody_else_wrote_is_unchanged() -> None:
    there = Table({SECRET: stored(SECRET, credential(), sealed=("s1",))})
    assert only(ConfigDraft(there).judge(PutOne(put(SECRET, credential(), sealed="s2"), None))).effect is (
        Effect.UNCHANGED
    )
