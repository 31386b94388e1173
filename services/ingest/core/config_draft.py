"""Judging configuration changes: the table as it stands, plus what this transaction already holds.

Many requests wait for one transaction. Each is judged against the table *and* the accepted ones before it, so
a rule and the integration that needs it may arrive at once. Versions are offsets and therefore unknown until
the commit; a change to a resource that the draft already holds is put off to the next transaction rather than
answered with a guess.

What this module refuses to know: whether the table is current. The writer brings it to the end of the topic
first and throws a draft away when another writer took its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from services.ingest.core.config_changes import (
    Accepted,
    AnyVersion,
    Apply,
    Change,
    ChangeSecrets,
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
    Refusal,
    ResourceKey,
    StillReferenced,
    Stored,
    VersionNeeded,
    VersionStale,
)
from services.ingest.core.credential_rules import (
    differs,
    faults_of_credential,
    faults_of_links,
    secrets_after,
    secrets_of_put,
)
from services.ingest.core.mapping_questions import MappingQuestions
from shared.core.faults import Fault
from shared.core.messages.base import ORGANIZATION_HEADER
from shared.core.records import OutRecord
from shared.core.resources import AnySpec, MappingQuestion, Resource, references


class ConfigView(Protocol):
    """The table at rest while a draft is judged."""

    def get(self, key: ResourceKey) -> Stored | None: ...

    def of_organization(self, organization: str) -> Iterable[tuple[ResourceKey, Stored]]:
        """Whatever may refer to something."""

    def holder_of(self, organization: str, question: MappingQuestion) -> ResourceKey | None:
        """The mapping that answers ``question``."""


@dataclass(slots=True)
class ConfigDraft:
    """One transaction in the making. Not thread-safe: one writer fills it."""

    view: ConfigView
    _changed: dict[ResourceKey, Resource | None] = field(default_factory=dict)
    _questions: MappingQuestions = field(default_factory=MappingQuestions)

    def records(self, topic: str) -> list[OutRecord]:
        """What to write, in order; `Planned.record` counts in this list. A deletion is a tombstone."""
        return [
            OutRecord(
                topic,
                key.encode(),
                None if resource is None else resource.encode(),
                [(ORGANIZATION_HEADER, key.organization.encode())],
            )
            for key, resource in self._changed.items()
        ]

    def judge(self, change: Change) -> Judgement:
        """Take ``change`` into the draft, or say why not. A refused change leaves no trace."""
        match change:
            case PutOne():
                return self._judge_put(change)
            case Apply():
                return self._judge_apply(change)
            case Delete():
                return self._judge_delete(change)
            case ChangeSecrets():
                return self._judge_secrets(change)

    def _judge_put(self, change: PutOne) -> Judgement:
        put = change.put
        if put.key in self._changed:
            return Deferred()
        stored = self.view.get(put.key)
        # A spec that is in force already is confirmed whatever version was named: so a client whose answer
        # was lost may ask again.
        if stored is None or differs(put, stored.resource):
            refusal = _lock_refusal(put.key, stored, change.if_match)
            if refusal is not None:
                return refusal
            if stored is not None and change.if_match is None:
                return VersionNeeded(put.key, stored.version)
        return self._admit((put,))

    def _judge_apply(self, change: Apply) -> Judgement:
        if any(put.key in self._changed for put in change.puts):
            return Deferred()
        return self._admit(change.puts)

    def _judge_delete(self, change: Delete) -> Judgement:
        key = change.key
        if key in self._changed:
            return Deferred()
        stored = self.view.get(key)
        if stored is None:
            return NotFound(key)
        refusal = _lock_refusal(key, stored, change.if_match)
        if refusal is not None:
            return refusal
        users = tuple(
            other
            for other, resource in self._resources(key.organization)
            if any((kind, name) == (key.kind, key.id) for _, kind, name in references(resource.spec))
        )
        if users:
            return StillReferenced(key, tuple(sorted(users)))
        self._changed[key] = None
        return Accepted((Planned(key, Effect.DELETED, None, len(self._changed) - 1, None),))

    def _judge_secrets(self, change: ChangeSecrets) -> Judgement:
        key = change.key
        if key in self._changed:
            return Deferred()
        stored = self.view.get(key)
        if stored is None:
            return NotFound(key)
        resource = stored.resource
        after = secrets_after(resource, change.act)
        if isinstance(after, Fault):
            return Invalid((after,))
        # What is so already is confirmed whatever version was named, as for a put.
        if after == resource.sealed:
            return Accepted((Planned(key, Effect.UNCHANGED, resource, None, stored.version),))
        refusal = _lock_refusal(key, stored, change.if_match)
        if refusal is not None:
            return refusal
        put = Put(key, resource.spec, change.at_ms)
        return Accepted((self._write(put, Effect.UPDATED, after, resource.created_ms),))

    def _admit(self, puts: tuple[Put, ...]) -> Accepted | Invalid:
        faults: list[Fault] = []
        staged: dict[ResourceKey, Put] = {}
        for put in puts:
            if put.key in staged:
                faults.append(Fault(put.field, f"{put.key} stands here twice", "keep one of them"))
            staged[put.key] = put
        for put in puts:
            faults.extend(self._faults(put, staged))
        faults.extend(self._questions.faults(puts, self.view.holder_of, self._changed))
        if faults:
            return Invalid(tuple(faults))
        return Accepted(tuple(self._plan(put) for put in puts))

    def _faults(self, put: Put, staged: dict[ResourceKey, Put]) -> Iterator[Fault]:
        dot = "." if put.field else ""
        stored = self.view.get(put.key)
        if stored is not None:
            before, after = (getattr(spec, "kind", None) for spec in (stored.resource.spec, put.spec))
            if before != after:
                yield Fault(
                    f"{put.field}{dot}kind",
                    f"is fixed to {before!r}",
                    "create another resource for another kind",
                )
        yield from faults_of_credential(put, None if stored is None else stored.resource)
        linked: list[AnySpec] = []
        for name, kind, resource_id in references(put.spec):
            key = ResourceKey(kind, put.key.organization, resource_id)
            spec = staged[key].spec if key in staged else self._spec(key)
            if spec is None:
                yield Fault(f"{put.field}{dot}{name}", f"there is no {key}", "create it first, or correct the id")
            else:
                linked.append(spec)
        yield from faults_of_links(put, linked)

    def _plan(self, put: Put) -> Planned:
        stored = self.view.get(put.key)
        if stored is None:
            return self._write(put, Effect.CREATED, secrets_of_put(put, ()), put.at_ms)
        resource = stored.resource
        if differs(put, resource):
            return self._write(put, Effect.UPDATED, secrets_of_put(put, resource.sealed), resource.created_ms)
        # The acknowledgement of an earlier try was lost, and the table shows that it had been written.
        ours = isinstance(put.secret, DrawnSecret) and put.secret.sealed in resource.sealed
        return Planned(put.key, Effect.CREATED if ours else Effect.UNCHANGED, resource, None, stored.version)

    def _write(self, put: Put, effect: Effect, sealed: tuple[str, ...], created_ms: int) -> Planned:
        resource = Resource(
            kind=put.key.kind,
            organization=put.key.organization,
            id=put.key.id,
            spec=put.spec,
            sealed=sealed,
            created_ms=created_ms,
            updated_ms=put.at_ms,
        )
        self._changed[put.key] = resource
        self._questions.take(put)
        return Planned(put.key, effect, resource, len(self._changed) - 1, None)

    def _spec(self, key: ResourceKey) -> AnySpec | None:
        if key in self._changed:
            changed = self._changed[key]
            return None if changed is None else changed.spec
        stored = self.view.get(key)
        return None if stored is None else stored.resource.spec

    def _resources(self, organization: str) -> Iterator[tuple[ResourceKey, Resource]]:
        for key, stored in self.view.of_organization(organization):
            if key not in self._changed:
                yield key, stored.resource
        for key, resource in self._changed.items():
            if resource is not None and key.organization == organization:
                yield key, resource


def _lock_refusal(key: ResourceKey, stored: Stored | None, if_match: int | AnyVersion | None) -> Refusal | None:
    """The optimistic lock (RFC 9110, If-Match)."""
    if if_match is None:
        return None
    if stored is None:
        return VersionStale(key, None)
    if isinstance(if_match, AnyVersion) or if_match == stored.version:
        return None
    return VersionStale(key, stored.version)
