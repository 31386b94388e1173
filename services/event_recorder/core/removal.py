"""What names a person, and what is left of a record once that person is removed from it.

A person is named by an event's subject, or by the id or the e-mail address of the user who acted, where the event's
context has them: the same places that error events take it from. What a removal remembers is a keyed digest of the
name, so that the list of the removed does not tell who they were.

Everything that an event of theirs led to is emptied: documents, bodies, exchanges, details of errors, subjects and
entities. Ids, times, statuses and counts stay, for they say nothing about anybody.
"""

from enum import StrEnum
from typing import Final

#: An extension attribute of an event whose content was removed.
REMOVED_ATTRIBUTE: Final = "hookfleetremoved"


class PersonKind(StrEnum):
    """By what a person is named."""

    SUBJECT = "subject"
    USER_ID = "user_id"
    USER_EMAIL = "user_email"
