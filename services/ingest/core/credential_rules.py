"""What holds for credentials when configuration is judged: which secret is kept, which replaced, and what needs one.

Secrets come here sealed and leave sealed. Whether a supplied one is the one that is sealed already is asked of the put
itself (`SuppliedSecret.is_in` opens and compares); nothing is stored for that comparison, so a stolen topic holds
nothing that a guess could be tried against. What remains is that who may write a credential learns from "unchanged"
that a guess was right, at the price of a request each; that is what "applying twice changes nothing" means, and who may
write it could replace the secret anyway.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from services.ingest.core.config_changes import (
    AddSecret,
    KeepNewestSecret,
    Put,
    SealAnew,
    SuppliedSecret,
)
from shared.core.faults import Fault
from shared.core.resources import AnySpec, Credential, HmacCredential, MutualTlsCredential, Resource, Webhook, set_twice

#: Secrets that sign at once. A third is live only when somebody rotates again before the receivers have followed.
MAX_LIVE_SECRETS = 4


def differs(put: Put, resource: Resource) -> bool:
    """Whether ``put`` wants something else than there is."""
    if resource.spec != put.spec:
        return True
    return isinstance(put.secret, SuppliedSecret) and not any(put.secret.is_in(each) for each in resource.sealed)


def secrets_of_put(put: Put, kept: tuple[str, ...]) -> tuple[str, ...]:
    """What is sealed once ``put`` is written; ``kept`` is what was sealed before, nothing at creation.

    A drawn secret is for creation; a supplied one replaces what was there, unless it is that.
    """
    if put.secret is None or (kept and not isinstance(put.secret, SuppliedSecret)):
        return kept
    if isinstance(put.secret, SuppliedSecret) and any(put.secret.is_in(each) for each in kept):
        return kept
    return (put.secret.sealed,)


def secrets_after(resource: Resource, act: AddSecret | KeepNewestSecret | SealAnew) -> tuple[str, ...] | Fault:
    """What is sealed once ``act`` is done; the same as before when it is done already or does not apply any more."""
    sealed = resource.sealed
    if isinstance(act, SealAnew):
        return act.after if sealed == act.before else sealed
    if not isinstance(resource.spec, HmacCredential):
        fix = "supply the new secret in the credential itself"
        return Fault("kind", "only secrets that sign are rotated; you supply this one", fix)
    if isinstance(act, KeepNewestSecret):
        return sealed[:1]
    if act.sealed in sealed:
        return sealed
    if len(sealed) >= MAX_LIVE_SECRETS:
        return Fault("(secrets)", f"{len(sealed)} are live, which is as many as may be", "retire the old ones first")
    return (act.sealed, *sealed)


def faults_of_credential(put: Put, stored: Resource | None) -> Iterator[Fault]:
    """Why the secret of a credential must be supplied and is not."""
    spec = put.spec
    if not isinstance(spec, Credential) or spec.secret_field is None or put.secret is not None:
        return
    name = f"{put.field}{'.' if put.field else ''}{spec.secret_field}"
    if stored is None:
        yield Fault(name, "missing", "a new credential needs it; later it may be left out and is kept")
    elif type(stored.spec) is type(spec):
        changed = [field for field in spec.bound if getattr(stored.spec, field) != getattr(spec, field)]
        if changed:
            fix = "supply it again: it is not sent to, or used with, what it was not given for"
            yield Fault(name, f"needed where {' and '.join(changed)} changes", fix)


def faults_of_links(put: Put, linked: Iterable[AnySpec | None]) -> Iterator[Fault]:
    """Why a webhook cannot use the credentials that it names."""
    if not isinstance(put.spec, Webhook):
        return
    name = f"{put.field}{'.' if put.field else ''}credentials"
    credentials = [spec for spec in linked if isinstance(spec, Credential)]
    twice = set_twice(put.spec.headers, credentials)
    if twice is not None:
        yield Fault(name, f"with the headers they set the {twice} more than once", "keep one of them")
    if urlsplit(put.spec.url).scheme == "http" and any(isinstance(spec, MutualTlsCredential) for spec in credentials):
        fix = "give the webhook an https URL, or leave that credential out"
        yield Fault(name, "one is a client certificate, which is shown to nobody over http", fix)
