"""What users ask of the configuration, and what came of it: values only.

A *change* is the unit of all or nothing: one ``PUT``, one ``DELETE``, or a whole ``apply``.
`core.config_draft` judges changes; the writer turns accepted ones into records.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from shared.core.faults import Fault
from shared.core.resources import AnySpec, Kind, Resource
from shared.core.topics import config_key


class ResourceKey(NamedTuple):
    """Which resource. Organizations are part of every key, so none can name another's."""

    kind: Kind
    organization: str
    id: str

    def encode(self) -> bytes:
        return config_key(self.kind.value, self.organization, self.id)

    def __str__(self) -> str:
        return f"{self.kind.value} {self.id!r}"


class AnyVersion:
    """``If-Match: *``: whichever version, as long as it exists."""


@dataclass(frozen=True, slots=True)
class DrawnSecret:
    """What a credential that signs gets should it be created: drawn per request, so it also tells our own earlier
    write from somebody else's."""

    sealed: str


@dataclass(frozen=True, slots=True)
class SuppliedSecret:
    """What a user supplied for a credential. ``is_in`` tells whether a sealed secret holds the same."""

    sealed: str
    is_in: Callable[[str], bool] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Put:
    """Make ``key`` look like ``spec``.

    ``field`` is where the spec stood in the request, ``at_ms`` when it was asked for. Without a ``secret`` what is
    sealed already is kept.
    """

    key: ResourceKey
    spec: AnySpec
    at_ms: int
    field: str = ""
    secret: DrawnSecret | SuppliedSecret | None = None


@dataclass(frozen=True, slots=True)
class PutOne:
    """One resource under the optimistic lock: what exists is replaced only by who knows its version."""

    put: Put
    if_match: int | AnyVersion | None


@dataclass(frozen=True, slots=True)
class Apply:
    """Make it so: all of these, or none, whatever the versions are."""

    puts: tuple[Put, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a resource that nothing refers to."""

    key: ResourceKey
    if_match: int | AnyVersion | None


@dataclass(frozen=True, slots=True)
class AddSecret:
    """Sign with one more secret, the newest from now on."""

    sealed: str


@dataclass(frozen=True, slots=True)
class KeepNewestSecret:
    """Sign with the newest secret alone."""


@dataclass(frozen=True, slots=True)
class SealAnew:
    """The same secrets, sealed by another key: ``after`` in place of ``before``, and nothing where something else
    stands there by now."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeSecrets:
    """Change what is sealed of a credential; its spec stays as it is. ``at_ms`` is when it was asked for."""

    key: ResourceKey
    act: AddSecret | KeepNewestSecret | SealAnew
    at_ms: int
    if_match: int | AnyVersion | None = None


Change = PutOne | Apply | Delete | ChangeSecrets


class Effect(StrEnum):
    """What a change did to one resource; the word users see."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Stored:
    """A resource and its version: the offset of its record on the ``config`` topic."""

    resource: Resource
    version: int


@dataclass(frozen=True, slots=True)
class Planned:
    """Part of an accepted change. ``record`` is the place of its record in the transaction; where nothing is
    to be written it is None and ``version`` is the one that stands."""

    key: ResourceKey
    effect: Effect
    resource: Resource | None
    record: int | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """In the draft; true once the transaction is acknowledged."""

    parts: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Invalid:
    """The request can never succeed as it is."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is nothing to delete."""

    key: ResourceKey


@dataclass(frozen=True, slots=True)
class VersionNeeded:
    """It exists and differs, and the request does not say which version it replaces."""

    key: ResourceKey
    current: int


@dataclass(frozen=True, slots=True)
class VersionStale:
    """The request replaces another version than the current one; None when there is none."""

    key: ResourceKey
    current: int | None


@dataclass(frozen=True, slots=True)
class StillReferenced:
    """Deleting it would leave ``by`` pointing at nothing."""

    key: ResourceKey
    by: tuple[ResourceKey, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    """It concerns a resource that this transaction already changes, whose new version is not known before the
    commit: it is judged again in the next one."""


Refusal = Invalid | NotFound | VersionNeeded | VersionStale | StillReferenced
Judgement = Accepted | Refusal | Deferred


@dataclass(frozen=True, slots=True)
class Done:
    """One resource after an acknowledged change; the resource is None when deleted."""

    key: ResourceKey
    effect: Effect
    resource: Resource | None
    version: int
