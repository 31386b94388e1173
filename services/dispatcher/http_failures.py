"""Exceptions of the TLS layer as failures of ours: their code, and what the library says of them.

What it says names certificates' subjects and hosts at most; it holds nothing that proves who we are.
"""

import ssl

from services.dispatcher.core.tls_codes import code_of_certificate, code_of_reason


def code_of_tls(error: ssl.SSLError) -> str:
    """The code for ``error``, whatever its class."""
    # One that was made by hand, not by the library, has neither number nor reason.
    if isinstance(error, ssl.SSLCertVerificationError) and getattr(error, "verify_code", None) is not None:
        return code_of_certificate(error.verify_code)
    return code_of_reason(getattr(error, "reason", None))


def detail_of_tls(error: ssl.SSLError) -> str | None:
    """The library's own words: of a certificate's check or of a peer's alert."""
    if isinstance(error, ssl.SSLCertVerificationError) and getattr(error, "verify_message", None):
        return error.verify_message.rstrip(".")
    reason = getattr(error, "reason", None)
    return reason.lower().replace("_", " ") if reason else None
