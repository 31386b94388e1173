"""From what the TLS library says to a code: its numbers for certificates, its words for what the peer complained of.

A failed check of the receiver's certificate carries one number (X509_V_ERR_* in OpenSSL's x509_vfy.h). People need to
know which of four things to mend: the time, who signed, for which name, or the chain. The chain is what every number
means that stands in no group below: issuers, signatures, purposes, constraints, revocation, weak keys, malformed
extensions, and whatever a later OpenSSL finds to check. A test names the numbers of today, so that a new one is
noticed.

What the receiver says to *us* comes as an alert, whose name is the library's reason. Those about a certificate mean
ours, because we are the only one it has been shown.
"""

#: Not yet valid, expired, and times that cannot be read.
OUT_OF_TIME = frozenset({9, 10, 13, 14})
#: Self-signed itself, or a chain whose root is not one of those trusted.
SELF_SIGNED = frozenset({18, 19})
#: Name, e-mail address, IP address.
WRONG_NAME = frozenset({62, 63, 64})
#: Nothing about the certificate: unspecified, out of memory, a callback of the application, a context misused.
OURS = frozenset({1, 17, 50, 69})

#: What a peer says about the certificate it was shown, or was not shown: TLS 1.3 has a word of its own for none, and
#: ``access denied`` is defined as a valid certificate that may not come in (RFC 8446, section 6.2).
CLIENT_CERTIFICATE_REASONS = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_NO_CERTIFICATE",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_DECRYPT_ERROR",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)


def code_of_certificate(verify_code: int) -> str:
    """The code for a receiver's certificate that failed its check."""
    if verify_code in OUT_OF_TIME:
        return "tls.expired"
    if verify_code in SELF_SIGNED:
        return "tls.self-signed"
    if verify_code in WRONG_NAME:
        return "tls.wrong-name"
    return "tls.failed" if verify_code in OURS else "tls.untrusted"


def code_of_reason(reason: str | None) -> str:
    """The code for a TLS connection that failed for another ``reason``, in the library's word for it."""
    return "tls.client-certificate" if reason in CLIENT_CERTIFICATE_REASONS else "tls.failed"
