"""Identifiers: which names users may choose, and which ids we derive so that reprocessing makes the same thing twice.

Deterministic ids are the fleet's idempotency: a match stage that dies after producing and matches the same event again
gives the same run id, and a send stage that publishes an outcome twice gives the same event id.
"""

import re
from uuid import UUID, uuid5

#: Namespace of every derived id. Drawn once; changing it would make new runs of old events.
NAMESPACE = UUID("6f1b2f0e-6d0e-5b57-9c3c-1f4a0d9e7a11")

#: Organization and resource ids: they stand in topic keys and URL paths, hence no slash, no upper case, no blank.
IDENTIFIER_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)
IDENTIFIER_RULE = "1 to 63 characters: lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit"


def is_identifier(text: str) -> bool:
    """Whether ``text`` follows IDENTIFIER_RULE."""
    return _IDENTIFIER.fullmatch(text) is not None


def _derived(*parts: str) -> str:
    # The unit separator cannot stand in an identifier, so no two lists of parts join to the same name.
    return str(uuid5(NAMESPACE, "\x1f".join(parts)))


def run_id_of_event(organization: str, source: str, event_id: str, integration_id: str) -> str:
    """The run of one event at one integration."""
    return _derived("run", organization, source, event_id, integration_id)


def event_id_of_run(run_id: str, event_type: str) -> str:
    """The id of the integration event that ends a run: one per run and type."""
    return _derived("outcome", run_id, event_type)


def event_id_of_decision(organization: str, integration_id: str, event_type: str, epoch: int) -> str:
    """The id of ``integration.disabled.error`` and ``integration.enabled``: one per integration, type and epoch."""
    return _derived("decision", organization, integration_id, event_type, str(epoch))
