"""After a new sealing key has become the first one: everything that another key sealed is sealed anew.

Old keys go on opening what they sealed, so there is no hurry and no moment at which a delivery could fail. The work is
a change per credential, which the writer puts together into transactions of a bounded size, and each change takes
effect only where what it read still stands. So it may be asked for twice, at two ingests at once, or again after it was
cut short: what is done stays done.
"""

import asyncio
from dataclasses import dataclass

from services.ingest.config_requests import ConfigRequests, Refused
from services.ingest.config_table import ConfigTable
from services.ingest.core.config_changes import ChangeSecrets, Effect, ResourceKey, SealAnew, Stored
from shared.adapters.sealing import SealingError
from shared.core.resources import Kind

#: Changes that wait for the writer at once.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Resealed:
    """``sealed_anew`` and ``up_to_date`` count credentials; ``unopenable`` are ids of those for which the key file
    holds no key any more, so that their secrets must be supplied or drawn again."""

    sealed_anew: int
    up_to_date: int
    unopenable: tuple[str, ...]


async def reseal(requests: ConfigRequests, table: ConfigTable) -> Resealed:
    """Seal anew what the organization's credentials hold. Raises Unavailable; asking again goes on where it stopped."""
    await requests.catch_up()
    changes: list[ChangeSecrets] = []
    up_to_date, unopenable = 0, []
    for key, stored in table.all_of(Kind.CREDENTIAL, requests.organization):
        if all(requests.is_sealed_by_first_key(each) for each in stored.resource.sealed):
            up_to_date += 1
            continue
        try:
            changes.append(_sealed_anew(requests, key, stored))
        except SealingError:
            unopenable.append(key.id)
    sealed_anew = 0
    for begin in range(0, len(changes), _AT_ONCE):
        some = changes[begin : begin + _AT_ONCE]
        sealed_anew += sum(await asyncio.gather(*(_is_written(requests, each) for each in some)))
    # Whatever was changed by somebody else in the meantime was sealed by its writer, with the first key.
    return Resealed(sealed_anew, up_to_date + len(changes) - sealed_anew, tuple(unopenable))


def _sealed_anew(requests: ConfigRequests, key: ResourceKey, stored: Stored) -> ChangeSecrets:
    resource = stored.resource
    after = tuple(requests.sealed(requests.opened(each, key).decode(), key) for each in resource.sealed)
    # What users see of the credential does not change, so neither does when it was changed.
    return ChangeSecrets(key, SealAnew(resource.sealed, after), resource.updated_ms)


async def _is_written(requests: ConfigRequests, change: ChangeSecrets) -> bool:
    try:
        (done,) = await requests.write(change)
    except Refused:
        return False  # deleted in the meantime
    return done.effect is Effect.UPDATED
