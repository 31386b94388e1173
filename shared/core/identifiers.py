"""Identifiers: which names users may choose, and which ids we derive so that reprocessing makes the same thing twice.

Deterministic ids are the fleet's idempotency: a match stage that dies after producing and matches the same event again
gives the same run id, and a send stage that publishes an outcome twice gives the same event id.
"""

import hashlib
import re
from uuid import UUID

#: Namespace of every derived id. Drawn once; changing it would make new runs of old events.
NAMESPACE = UUID("6f1b2f0e-6d0e-5b57-9c3c-1f4a0d9e7a11")

#: Organization and resource ids: they stand in topic keys and URL paths, hence no slash, no upper case, no blank.
IDENTIFIER_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)
IDENTIFIER_RULE = "1 to 63 characters: lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit"


def is_identifier(text: str) -> bool:
    """Whether ``text`` follows IDENTIFIER_RULE."""
    return _IDENTIFIER.fullmatch(text) is not None


#: What stands in the two fields of a UUID that say what it is: version 5, of RFC 9562's variant.
_FIXED_BITS = (0xF << 76) | (0x3 << 62)
_VERSION_5 = (0x5 << 76) | (0x2 << 62)


def _derived(*parts: str) -> str:
    """``str(uuid5(NAMESPACE, …))`` in a third of the time: two are made for every delivery."""
    # The unit separator cannot stand in an identifier, so no two lists of parts join to the same name.
    name = "\x1f".join(parts).encode()
    digest = hashlib.sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()
    text = f"{int.from_bytes(digest[:16]) & ~_FIXED_BITS | _VERSION_5:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def run_id_of_event(organization: str, source: str, event_id: str, integration_id: str) -> str:
    """The run of one event at one integration."""
    return _derived("run", organization, source, event_id, integration_id)


def run_id_of_replay(origin_run_id: str, request: str) -> str:
    """The run that one request to replay makes of another; ``request`` is the request's own id or idempotency key."""
    return _derived("replay", origin_run_id, request)


def replay_id(organization: str, idempotency_key: str) -> str:
    """The replay of many runs that a request with this key begins: sent twice, it begins one."""
    return _derived("replays", organization, idempotency_key)


def alert_id(organization: str, integration_id: str, event_type: str, matter: str) -> str:
    """The alert about one matter of an integration (an epoch, a day): every event about it gives the same one."""
    return _derived("alert", organization, integration_id, event_type, matter)


def mapping_id(entity_type: str, entity_id: str, external_system: str, external_table: str) -> str:
    """The id of the mapping that answers a question, where nobody chose one: creating it twice makes one."""
    return _derived("mapping", entity_type, entity_id, external_system, external_table)


def event_id_of_run(run_id: str, event_type: str) -> str:
    """The id of the integration event that ends a run: one per run and type."""
    return _derived("outcome", run_id, event_type)


def event_id_of_decision(organization: str, integration_id: str, event_type: str, epoch: int) -> str:
    """The id of ``integration.disabled.error`` and ``integration.enabled``: one per integration, type and epoch."""
    return _derived("decision", organization, integration_id, event_type, str(epoch))
