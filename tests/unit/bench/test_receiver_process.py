"""The benchmark's receiver over real sockets: what it answers, what it writes down, and that its TLS is verified."""

from __future__ import annotations

import http.client
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.receiver import ReceiverProcess, make_certificates

_BODY = b'{"data":{"number":41}}'
_RUN = "6f1b2f0e-6d0e-5b57-9c3c-1f4a0d9e7a11"


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_each_request_on_each_port_is_answered_and_written_down(tmp_path: Path) -> None:
    before_ns = time.time_ns()
    with ReceiverProcess(tmp_path, dict(os.environ), ports=3) as receiver:
        for port in receiver.ports:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            for _ in range(2):
                connection.request("POST", "/any", body=_BODY, headers={"Webhook-Id": _RUN})
                response = connection.getresponse()
                assert (response.status, response.read()) == (200, b"")
            connection.close()
        _wait_until(lambda: receiver.count() == 6)
        assert receiver.connections() == 3
        arrivals = receiver.arrivals()
    assert [each.port_index for each in arrivals] == [0, 0, 1, 1, 2, 2]
    assert {(each.number, each.webhook_id) for each in arrivals} == {(41, _RUN)}
    assert [each.time_ns for each in arrivals] == sorted(each.time_ns for each in arrivals)
    assert before_ns < arrivals[0].time_ns <= arrivals[-1].time_ns < time.time_ns()


def test_a_hanging_receiver_writes_the_request_down_and_never_answers(tmp_path: Path) -> None:
    with ReceiverProcess(tmp_path, dict(os.environ), hangs=True) as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.ports[0], timeout=0.2)
        connection.request("POST", "/", body=_BODY)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        _wait_until(lambda: receiver.count() == 1)


def test_a_delay_passes_before_the_answer(tmp_path: Path) -> None:
    with ReceiverProcess(tmp_path, dict(os.environ), delay_seconds=0.1) as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.ports[0], timeout=10)
        began = time.monotonic()
        connection.request("POST", "/", body=_BODY)
        assert connection.getresponse().status == 200
        assert time.monotonic() - began >= 0.1
        connection.close()


def test_its_certificate_holds_for_whoever_trusts_the_authority_of_the_run_and_for_nobody_else(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    with ReceiverProcess(tmp_path / "receiver", dict(os.environ), certificates=certificates) as receiver:
        assert receiver.urls == [f"https://127.0.0.1:{receiver.ports[0]}"]

        def post(trusting: ssl.SSLContext) -> int:
            connection = http.client.HTTPSConnection("127.0.0.1", receiver.ports[0], timeout=10, context=trusting)
            try:
                connection.request("POST", "/", body=_BODY)
                return connection.getresponse().status
            finally:
                connection.close()

        assert post(ssl.create_default_context(cafile=str(certificates.authority))) == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            post(ssl.create_default_context())
