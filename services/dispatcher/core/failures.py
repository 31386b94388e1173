"""Every way in which an attempt can fail: the one table from cause to error event, code and remedy.

A row says what happened in the words of somebody who owns the receiver and has never seen our code, and what that
person can do about it. Its code is the public name of the cause: stable, dotted, and found again in error events, run
logs, metrics and ``docs/errors.md``, which a test holds against this table.

Which event a failure becomes follows from who can mend it:

- *validation*: what we send does not suit; mend the integration's request, or the event.
- *missing account mapping*: an external id is missing; create the mapping.
- *authentication*: the proof of who we are is missing, broken or refused; mend the credential.
- *perform*: everything between us and the receiver, and the receiver itself.

``final`` says that a repetition meets the same failure for certain: nothing of it depends on the network or on the
receiver's state of the moment. Everything else follows the run's schedule. An HTTP status is the receiver's own code;
all others are ours, also where the receiver led to them.

What this module refuses to know: exceptions. The places that catch them (`services.dispatcher.http_failures` for
sockets and TLS) turn them into codes, and a test demands that no exception of the libraries is without one.
"""

from dataclasses import dataclass

from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    MISSING_MAPPING_ERROR,
    PERFORM_ERROR,
    VALIDATION_ERROR,
    CodeOrigin,
    RunStatus,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One row. ``cause`` completes "The webhook could not be delivered: …", ``remedy`` is a sentence or two.
    ``status`` is the run's, should this attempt be its last."""

    event_type: str
    cause: str
    remedy: str
    final: bool = False
    origin: CodeOrigin = CodeOrigin.HOOKFLEET

    @property
    def status(self) -> RunStatus:
        return RunStatus.AUTH_FAILED if self.event_type == AUTHENTICATION_ERROR else RunStatus.FAILED


#: What fails before anything is sent for want of a request: mending the integration or the event is what helps.
_REQUEST_FAILURES = {
    "request.invalid": Failure(
        VALIDATION_ERROR,
        "the request could not be built",
        "Correct the webhook's URL and headers, and what the integration's request sets of them.",
        final=True,
    ),
    "expression.failed": Failure(
        VALIDATION_ERROR,
        "an expression of the integration's request has no answer for this event",
        "Correct the expression, or let it stand up to events without the field, for example with has(data.field).",
        final=True,
    ),
    "expression.too-large": Failure(
        VALIDATION_ERROR,
        "an expression of the integration's request takes or gives more than it may",
        "Let the expression build less: shorter texts, smaller lists, no list within a list.",
        final=True,
    ),
    "entity.missing": Failure(
        VALIDATION_ERROR,
        "the event does not name the entity whose external id is needed",
        "Let the event carry the entity's id, or correct the mapping's entity_id in the integration.",
        final=True,
    ),
    "mapping.missing": Failure(
        MISSING_MAPPING_ERROR,
        "there is no external mapping for this entity",
        "Create the external mapping for the entity, then run the integration again.",
        final=True,
    ),
}

_CREDENTIAL_FAILURES = {
    "credential.missing": Failure(
        AUTHENTICATION_ERROR,
        "a linked credential does not exist",
        "Create the credential again, or link another one to the webhook.",
        final=True,
    ),
    "credential.unusable": Failure(
        AUTHENTICATION_ERROR,
        "a linked credential cannot be used",
        "Give the fleet the key file that sealed it, or create the credential again.",
        final=True,
    ),
    "credential.disconnected": Failure(
        AUTHENTICATION_ERROR,
        "the webhook needs a credential and has none",
        "Link a credential to the webhook, or say that its receiver needs none.",
        final=True,
    ),
    "token.refused": Failure(
        AUTHENTICATION_ERROR,
        "the token endpoint refused to give an access token",
        "Check the credential's client id, client secret and scope, and whether the client still has access.",
        final=True,
    ),
    "token.invalid": Failure(
        AUTHENTICATION_ERROR,
        "the token endpoint's answer holds no access token that can be used",
        "Check that the credential's token_url is the token endpoint of an OAuth 2.0 server.",
        final=True,
    ),
    "token.unreachable": Failure(
        AUTHENTICATION_ERROR,
        "the token endpoint could not be asked for an access token",
        "Check the credential's token_url, and that its server runs and can be reached from the fleet's network.",
    ),
}

_CONNECTION_FAILURES = {
    "address.refused": Failure(
        PERFORM_ERROR,
        "the host's address is one that the fleet does not post to",
        "Use a public address, or let the fleet's operator add the network to those allowed.",
        final=True,
    ),
    "proxy.refused": Failure(
        PERFORM_ERROR,
        "the fleet's outgoing proxy does not allow a connection to that host",
        "Let the proxy's operator allow the webhook's host and port.",
    ),
    "proxy.failed": Failure(
        PERFORM_ERROR,
        "the fleet's outgoing proxy made no connection",
        "Check that the proxy runs, that the fleet's setting for it is right, and that it can reach the receiver.",
    ),
    "dns.failed": Failure(
        PERFORM_ERROR,
        "the host name could not be resolved",
        "Check the host name in the webhook's URL and its DNS record.",
    ),
    "connect.refused": Failure(
        PERFORM_ERROR,
        "nothing accepts connections at that address",
        "Start the receiver, or correct host and port in the webhook's URL.",
    ),
    "connect.timeout": Failure(
        PERFORM_ERROR,
        "no connection was made in time",
        "Check that the receiver runs and that no firewall drops our packets.",
    ),
    "connect.failed": Failure(
        PERFORM_ERROR,
        "the connection could not be made",
        "Check that the receiver is reachable from the fleet's network.",
    ),
}

_TLS_FAILURES = {
    "tls.expired": Failure(
        PERFORM_ERROR,
        "the receiver's certificate is not valid at this time: it has expired, or its time has not come",
        "Renew the receiver's certificate and restart what serves it; check the receiver's clock too.",
    ),
    "tls.self-signed": Failure(
        PERFORM_ERROR,
        "the receiver's certificate is self-signed, or its chain ends in a certificate that nobody else vouches for",
        "Use a certificate of a public authority, or let the fleet's operator trust yours.",
    ),
    "tls.wrong-name": Failure(
        PERFORM_ERROR,
        "the receiver's certificate is for another name",
        "Use the name that the certificate is for in the webhook's URL, or get one that names the URL's host.",
    ),
    "tls.untrusted": Failure(
        PERFORM_ERROR,
        "the receiver's certificate comes from no authority that the fleet trusts",
        "Let the receiver send its intermediate certificates too, and get its certificate from a public authority.",
    ),
    "tls.client-certificate": Failure(
        PERFORM_ERROR,
        "the receiver asks for a client certificate, or does not accept ours",
        "Link a credential of kind mutual-tls to the webhook, with a certificate that the receiver accepts.",
    ),
    "tls.failed": Failure(
        PERFORM_ERROR,
        "no TLS connection could be made",
        "Check that the receiver speaks TLS 1.2 or later at this port, and that its certificate chain is in order.",
    ),
}

_EXCHANGE_FAILURES = {
    "read.timeout": Failure(
        PERFORM_ERROR,
        "the receiver did not answer in time",
        "Answer first and do the work afterwards, or raise the integration's timeout.",
    ),
    "connection.closed": Failure(
        PERFORM_ERROR,
        "the receiver closed the connection before it had answered",
        "Look for a crash, a restart or a proxy limit at the receiver.",
    ),
    "protocol.invalid": Failure(
        PERFORM_ERROR,
        "the answer was not HTTP",
        "Check that the webhook's URL points at an HTTP server.",
    ),
    "receiver.overloaded": Failure(
        PERFORM_ERROR,
        "the receiver had no room for it: it answers too slowly, or not at all, and others were waiting before it",
        "Let the receiver answer faster or take more requests at once, then replay the run.",
    ),
    "success.false": Failure(
        PERFORM_ERROR,
        "the receiver answered 2xx, but by the integration's success test that is no success",
        "Read the answer in the run's log; mend what it complains of, or correct the success test.",
    ),
}

#: Every failure with a code of ours.
FAILURES: dict[str, Failure] = {
    **_REQUEST_FAILURES,
    **_CREDENTIAL_FAILURES,
    **_CONNECTION_FAILURES,
    **_TLS_FAILURES,
    **_EXCHANGE_FAILURES,
}


def _answered(remedy: str, event_type: str = PERFORM_ERROR, *, final: bool = False) -> Failure:
    return Failure(event_type, "the receiver answered {status}", remedy, final, CodeOrigin.RECEIVER)


#: Statuses whose remedy can be told more exactly than by their class. The code is ``http.`` and the status.
STATUSES: dict[int, Failure] = {
    400: _answered(
        "Compare the body with what the receiver expects; it calls the request malformed.", VALIDATION_ERROR
    ),
    401: _answered("Check the webhook's credential: the receiver does not accept it.", AUTHENTICATION_ERROR),
    403: _answered("Check that the credential may call this URL.", AUTHENTICATION_ERROR),
    404: _answered("Correct the path in the webhook's URL."),
    405: _answered("Let the receiver accept the request's method at this URL."),
    407: _answered("Check the credential of the proxy in between.", AUTHENTICATION_ERROR),
    408: _answered("Look into the receiver's load: it gave up waiting for the request."),
    410: _answered(
        "The receiver asks not to be called again; point the webhook somewhere else and enable the integration.",
        final=True,
    ),
    413: _answered("Let the receiver accept bodies of this size."),
    415: _answered("Let the receiver accept the request's content type."),
    421: _answered("Check that the receiver serves the host in the webhook's URL."),
    422: _answered("Compare the body with what the receiver expects; it cannot process the content.", VALIDATION_ERROR),
    429: _answered("The receiver is called too often; let it accept more, or set a rate limit on the integration."),
    431: _answered("Shorten the webhook's headers, or let the receiver accept longer ones."),
    502: _answered("Look for the service behind the receiver's proxy: the proxy got no answer it could pass on."),
    503: _answered("Wait until the receiver is back, or give it more capacity: it calls itself unavailable."),
    504: _answered("Look for the service behind the receiver's proxy: it did not answer the proxy in time."),
}
#: What applies to all other statuses, by the text that stands for them in the documentation.
STATUS_CLASSES: dict[str, Failure] = {
    "3xx": _answered("Redirects are not followed; set the webhook's URL to where it points."),
    "5xx": _answered("Look into the receiver's logs: it failed while it handled the request."),
    "other": _answered("Look up what this status means at the receiver."),
}


def failure_of_status(status: int) -> Failure:
    """The row for an answer that is no success; its cause has a place for the ``{status}``."""
    if status in STATUSES:
        return STATUSES[status]
    return STATUS_CLASSES.get(f"{status // 100}xx", STATUS_CLASSES["other"])
