"""Receivers with certificates of every quality: one is posted to, the others say what is wrong with them."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest

from tests.component.dispatcher.loopback_certificates import Authority
from tests.flow.conftest import Case
from tests.flow.receiver import Receiver
from tests.waiting import wait_for


def post_to(case: Case, tls: ssl.SSLContext) -> tuple[str, int]:
    """One event to a receiver with such a certificate: how its run ended, and how many requests came."""
    with contextlib.closing(Receiver(tls)) as receiver:
        case.apply(case.credential(), case.webhook(url=receiver.url), case.rule(), case.integration([]))
        case.send()
        (run,) = case.ended_runs()
        return str(run["status"]), len(receiver.requests("/")) + len(receiver.requests(""))


def test_a_certificate_that_a_trusted_authority_gave_for_the_host_is_accepted(case: Case, authority: Authority) -> None:
    assert post_to(case, authority.server_context("127.0.0.1")) == ("COMPLETED", 1)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("tls.expired", "certificate"),
        ("tls.self-signed", "certificate"),
        ("tls.wrong-name", "name"),
        ("tls.untrusted", "certificate"),
    ],
)
def test_another_one_is_told_apart_and_gets_nothing(
    case: Case, authority: Authority, tmp_path: Path, code: str, remedy: str
) -> None:
    tls = {
        "tls.expired": lambda: authority.server_context("127.0.0.1", expired=True),
        "tls.self-signed": lambda: authority.server_context("127.0.0.1", self_signed=True),
        "tls.wrong-name": lambda: authority.server_context("127.0.0.2"),
        "tls.untrusted": lambda: Authority(tmp_path).server_context("127.0.0.1"),
    }[code]()
    assert post_to(case, tls) == ("FAILED", 0)
    (error,) = wait_for(case.integration_events, "the error event")
    assert error["type"] == "integration.perform.error"
    assert error["error"]["code"] == code
    assert error["error"]["origin"] == "hookfleet"
    assert remedy in error["error"]["remedy"]
