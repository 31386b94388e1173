"""Where an event says who acted: user, company and application, in the producer's own words.

``data.user``, ``data.company`` and ``data.application`` (objects with ``id``, ``email``, ``name``, ``uuid``, or the id
itself), and before them the extension attributes ``userid``, ``useremail``, ``companyid``, ``companyname``,
``applicationid``, ``applicationuuid`` and ``applicationname``, which a gateway can set without knowing the payload.

Error events tell it, and a person's data are found by it; so both mean the same places. A value is a text or a whole
number; one that is longer than its bound is left out, not cut: half an id names somebody else.
"""

from collections.abc import Mapping
from typing import Any

from shared.core.messages.integration_events import CallerContext

#: Characters of each part; an e-mail address has 254 at most.
MAX_CONTEXT = 255

#: Field → extension attribute, member of ``data``, member of that.
SOURCES: dict[str, tuple[str, str, str]] = {
    "user_id": ("userid", "user", "id"),
    "user_email": ("useremail", "user", "email"),
    "company_id": ("companyid", "company", "id"),
    "company_name": ("companyname", "company", "name"),
    "application_id": ("applicationid", "application", "id"),
    "application_uuid": ("applicationuuid", "application", "uuid"),
    "application_name": ("applicationname", "application", "name"),
}


def caller_of(document: Mapping[str, Any]) -> CallerContext | None:
    """Who acted, as far as the event, a CloudEvent in structured form, says so."""
    data = members(document.get("data"))
    found: dict[str, str] = {}
    for field, (attribute, member, part) in SOURCES.items():
        said = data.get(member)
        if isinstance(said, dict):
            said = said.get(part)
        elif part != "id":
            said = None  # the member is the id itself
        text = short_text(document.get(attribute), MAX_CONTEXT) or short_text(said, MAX_CONTEXT)
        if text is not None:
            found[field] = text
    return CallerContext(**found) if found else None


def members(value: object) -> Mapping[str, Any]:
    """Those of an object; none of anything else."""
    return value if isinstance(value, dict) else {}


def short_text(value: object, longest: int) -> str | None:
    """A text or whole number of at most ``longest`` characters; null for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= longest else None
