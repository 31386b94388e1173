"""Client certificates: shown to who asks, kept apart in every way, and clear when they are missing or wrong."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from services.dispatcher.core.exchange import Answer, ClientCertificate, NetworkFailure, Request, Result
from services.dispatcher.http_tls import TlsContexts, UnusableCertificate
from tests.component.dispatcher.loopback import OK, answers, client, receiver, request, run
from tests.component.dispatcher.loopback_certificates import Authority
from tests.flow.receiver import Receiver


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def closed_receiver(authority: Authority) -> Iterator[Receiver]:
    """Demands a certificate that ``authority`` vouches for, and says so in the protocol's words."""
    made = Receiver(authority.server_context("127.0.0.1", asks_for_certificate=True))
    yield made
    made.close()


def certificate(authority: Authority, name: str) -> ClientCertificate:
    return ClientCertificate(name, *authority.client_certificate(name))


def results_of(authority: Authority, to: Receiver, *shown: ClientCertificate | None) -> list[Result]:
    """What requests with these certificates come to, one after the other through one client."""
    results: list[Result] = []

    async def exchange() -> None:
        async with client(authority.client_context) as http:
            for each in shown:
                wanted = Request(f"{to.url}/hooks", [], b"{}", 5.0, client_certificate=each)
                results.append(await http.send(wanted))

    run(exchange())
    return results


def test_the_right_certificate_is_shown(authority: Authority, closed_receiver: Receiver) -> None:
    (result,) = results_of(authority, closed_receiver, certificate(authority, "acme"))
    assert isinstance(result, Answer)
    assert [each.client for each in closed_receiver.requests("/hooks")] == ["acme"]


def test_a_missing_certificate_and_one_of_a_stranger_are_refused_and_say_so(
    authority: Authority, closed_receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = certificate(Authority(tmp_path / "stranger"), "acme")
    results = results_of(authority, closed_receiver, None, stranger)
    assert [getattr(each, "code", each) for each in results] == ["tls.client-certificate"] * 2
    assert all(isinstance(each, NetworkFailure) for each in results)
    assert closed_receiver.requests("/hooks") == []


def test_a_key_that_does_not_fit_is_our_failure_and_nothing_is_connected(authority: Authority) -> None:
    async def exchange() -> None:
        own, other = certificate(authority, "acme"), certificate(authority, "other")
        broken = replace(own, key_pem=other.key_pem)
        server = authority.server_context("127.0.0.1", asks_for_certificate=True)
        async with receiver(answers(OK), server) as at, client(authority.client_context) as http:
            wanted = request(at.port, scheme="https")
            result = await http.send(replace(wanted, client_certificate=broken))
            assert isinstance(result, NetworkFailure)
            assert (result.code, result.detail) == (
                "tls.client-certificate",
                "our certificate and its key cannot be read, or do not belong together",
            )
            assert at.connections == 0
            assert isinstance(await http.send(replace(wanted, client_certificate=own)), Answer)

    run(exchange())


def test_connections_are_kept_apart_by_certificate_and_used_again(authority: Authority) -> None:
    async def exchange() -> None:
        server = authority.server_context("127.0.0.1")
        server.verify_mode = ssl.CERT_OPTIONAL
        server.load_verify_locations(cadata=authority.pem)
        shown = [None, certificate(authority, "acme"), certificate(authority, "other")]
        async with receiver(answers(OK), server) as at, client(authority.client_context) as http:
            for _ in range(3):
                for each in shown:
                    wanted = replace(request(at.port, scheme="https"), client_certificate=each)
                    assert isinstance(await http.send(wanted), Answer)
            assert at.connections == len(shown)

    run(exchange())


def test_a_connection_is_not_lent_to_who_knows_its_certificates_name_but_not_its_key(authority: Authority) -> None:
    async def exchange() -> None:
        own = certificate(authority, "acme")
        borrowed = replace(own, key_pem=certificate(authority, "other").key_pem)
        server = authority.server_context("127.0.0.1", asks_for_certificate=True)
        async with receiver(answers(OK), server) as at, client(authority.client_context) as http:
            wanted = request(at.port, scheme="https")
            assert isinstance(await http.send(replace(wanted, client_certificate=own)), Answer)
            result = await http.send(replace(wanted, client_certificate=borrowed))
            assert isinstance(result, NetworkFailure)
            assert len(at.requests) == 1

    run(exchange())


def test_a_context_is_made_once_however_many_want_it_and_only_so_many_are_kept(authority: Authority) -> None:
    made: list[ssl.SSLContext] = []

    def trust() -> ssl.SSLContext:
        made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return made[-1]

    async def exchange() -> None:
        contexts = TlsContexts(trust)
        first = certificate(authority, "0")
        assert len(set(await asyncio.gather(*(contexts.context(first) for _ in range(20))))) == 1
        assert len(made) == 2  # the one without a certificate, and this
        for number in range(1, 65):
            await contexts.context(replace(first, name=str(number)))
        await contexts.context(replace(first, name="64"))
        assert len(made) == 66
        await contexts.context(first)
        assert len(made) == 67

    run(exchange())


def test_a_key_with_a_passphrase_asks_nobody_for_it(authority: Authority) -> None:
    own = certificate(authority, "acme")
    key = serialization.load_pem_private_key(own.key_pem.encode(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    ).decode()

    async def exchange() -> None:
        with pytest.raises(UnusableCertificate):
            await TlsContexts(authority.client_context).context(replace(own, key_pem=locked))

    run(exchange())


def test_a_chain_of_any_length_fits(authority: Authority, closed_receiver: Receiver) -> None:
    own = certificate(authority, "acme")
    long = replace(own, certificate_pem=own.certificate_pem + "# " + "a" * 200_000 + "\n" + authority.pem)
    (result,) = results_of(authority, closed_receiver, long)
    assert isinstance(result, Answer)
