"""Every number and word of the TLS library has a place, so that an upgrade that brings a new one is noticed."""

import _ssl
import ctypes
import ssl

import pytest

from services.dispatcher.core import tls_codes
from services.dispatcher.core.failures import FAILURES
from services.dispatcher.core.tls_codes import CLIENT_CERTIFICATE_REASONS, code_of_certificate, code_of_reason
from services.dispatcher.http_failures import code_of_tls, detail_of_tls

#: What is left, each number looked at: a chain that proves nothing to us.
UNTRUSTED = frozenset({2, *range(3, 9), 11, 12, 15, 16, *range(20, 50), *range(51, 62), *range(65, 69), *range(70, 95)})
GROUPS = (tls_codes.OUT_OF_TIME, tls_codes.SELF_SIGNED, tls_codes.WRONG_NAME, UNTRUSTED, tls_codes.OURS)
#: Alerts about something else than the certificate that was shown.
OTHER_ALERTS = {
    "SSLV3_ALERT_BAD_RECORD_MAC",
    "SSLV3_ALERT_DECOMPRESSION_FAILURE",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "SSLV3_ALERT_ILLEGAL_PARAMETER",
    "SSLV3_ALERT_UNEXPECTED_MESSAGE",
    "TLSV13_ALERT_MISSING_EXTENSION",
    "TLSV1_ALERT_DECODE_ERROR",
    "TLSV1_ALERT_DECRYPTION_FAILED",
    "TLSV1_ALERT_EXPORT_RESTRICTION",
    "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY",
    "TLSV1_ALERT_INTERNAL_ERROR",
    "TLSV1_ALERT_NO_RENEGOTIATION",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "TLSV1_ALERT_RECORD_OVERFLOW",
    "TLSV1_ALERT_USER_CANCELLED",
}
#: Of the library itself, about alerts as such.
ABOUT_ALERTS = {"INVALID_ALERT", "TOO_MANY_WARN_ALERTS", "UNKNOWN_ALERT_TYPE"}


def numbers_of_the_library() -> dict[int, str]:
    """What a certificate's check can end with, asked of the very library that Python uses."""
    explain = ctypes.CDLL(_ssl.__file__).X509_verify_cert_error_string
    explain.restype, explain.argtypes = ctypes.c_char_p, [ctypes.c_long]
    said = {number: explain(number).decode() for number in range(1, 1_000)}
    return {number: text for number, text in said.items() if not text.startswith("unknown certificate verification")}


def test_every_number_of_the_library_is_in_one_group_on_purpose() -> None:
    grouped = [number for group in GROUPS for number in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(numbers_of_the_library())
    assert {code_of_certificate(number) for number in UNTRUSTED} == {"tls.untrusted"}


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (tls_codes.OUT_OF_TIME, ("not yet valid", "has expired", "notBefore", "notAfter")),
        (tls_codes.SELF_SIGNED, ("self-signed", "self signed")),
        (tls_codes.WRONG_NAME, ("hostname mismatch", "email address mismatch", "IP address mismatch")),
    ],
)
def test_a_group_holds_what_the_library_says_in_these_words(group: frozenset[int], words: tuple[str, ...]) -> None:
    fitting = {
        number
        for number, text in numbers_of_the_library().items()
        if any(word in text for word in words) and "CRL" not in text
    }
    assert group == fitting


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (10, "tls.expired"),
        (9, "tls.expired"),
        (18, "tls.self-signed"),
        (19, "tls.self-signed"),
        (62, "tls.wrong-name"),
        (64, "tls.wrong-name"),
        (20, "tls.untrusted"),
        (23, "tls.untrusted"),
        (17, "tls.failed"),
        (999, "tls.untrusted"),
    ],
)
def test_a_certificate_that_fails_its_check_has_the_code_of_what_to_mend(number: int, code: str) -> None:
    assert code_of_certificate(number) == code
    error = ssl.SSLCertVerificationError("handmade")
    error.verify_code, error.verify_message = number, "what it says."
    assert code_of_tls(error) == code
    assert detail_of_tls(error) == "what it says"
    assert code in FAILURES


def test_every_alert_of_the_library_is_about_our_certificate_or_about_something_else() -> None:
    alerts = {name for name in _ssl.err_names_to_codes if "ALERT" in name}
    assert alerts == CLIENT_CERTIFICATE_REASONS | OTHER_ALERTS | ABOUT_ALERTS
    assert not CLIENT_CERTIFICATE_REASONS & (OTHER_ALERTS | ABOUT_ALERTS)


@pytest.mark.parametrize("reason", [*sorted(CLIENT_CERTIFICATE_REASONS), *sorted(OTHER_ALERTS), None])
def test_an_alert_about_a_certificate_is_about_ours(reason: str | None) -> None:
    code = "tls.client-certificate" if reason in CLIENT_CERTIFICATE_REASONS else "tls.failed"
    assert code_of_reason(reason) == code
    error = ssl.SSLError(1, "handmade")
    if reason is not None:
        error.reason = reason
    assert code_of_tls(error) == code


def test_a_reason_is_told_in_plain_letters() -> None:
    error = ssl.SSLError(1, "handmade")
    error.reason = "TLSV1_ALERT_UNKNOWN_CA"
    assert detail_of_tls(error) == "tlsv1 alert unknown ca"
    assert detail_of_tls(ssl.SSLEOFError(8, "handmade")) is None
