"""From a name to a connection: which addresses are asked for, tried and trusted."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from services.dispatcher.core.exchange import Answer, NetworkFailure
from tests.component.dispatcher.loopback import OK, answers, client, hang, receiver, request, run
from tests.component.dispatcher.loopback_certificates import Authority


class Names:
    """Knows one host, and counts who asks."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def look_up(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        await asyncio.sleep(0.05)
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return self.addresses


@contextlib.contextmanager
def swallowing(port: int) -> Iterator[str]:
    """An address that answers nothing at ``port``."""
    with contextlib.ExitStack() as kept:
        full = kept.enter_context(socket.socket())
        full.bind(("127.0.0.3", port))
        full.listen(0)
        for _ in range(8):  # more than the queue holds; further ones are not answered
            filler = kept.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield "127.0.0.3"


def test_many_first_requests_to_a_host_are_one_question() -> None:
    async def exchange() -> None:
        names = Names("127.0.0.1")
        async with receiver(answers(OK)) as at, client(look_up=names.look_up) as http:
            wanted = request(at.port, host="hooks.example")
            results = await asyncio.gather(*(http.send(wanted) for _ in range(30)))
            assert all(isinstance(each, Answer) for each in results)
            assert names.asked == ["hooks.example"]

    run(exchange())


def test_one_who_gives_up_waiting_for_an_address_does_not_end_it_for_others() -> None:
    async def exchange() -> None:
        names = Names("127.0.0.1")
        async with receiver(answers(OK)) as at, client(look_up=names.look_up) as http:
            wanted = request(at.port, host="hooks.example")
            impatient, patient = (asyncio.create_task(http.send(wanted)) for _ in range(2))
            await asyncio.sleep(0.01)
            impatient.cancel()
            assert isinstance(await patient, Answer)
            assert len(names.asked) == 1

    run(exchange())


def test_a_name_that_did_not_resolve_is_asked_for_again() -> None:
    async def exchange() -> None:
        names = Names()
        async with receiver(answers(OK)) as at, client(look_up=names.look_up) as http:
            wanted = request(at.port, host="hooks.example")
            assert await http.send(wanted) == NetworkFailure("dns.failed")
            names.addresses = ("127.0.0.1",)
            assert isinstance(await http.send(wanted), Answer)

    run(exchange())


def test_a_name_that_is_not_resolved_in_time_failed_to_resolve() -> None:
    async def exchange() -> None:
        async def never(host: str) -> tuple[str, ...]:
            await asyncio.Event().wait()
            return ()

        async with client(look_up=never) as http:
            result = await http.send(request(1, host="hooks.example", timeout_seconds=0.2))
            assert result == NetworkFailure("dns.failed")

    run(exchange())


def test_the_next_address_is_tried_when_one_refuses() -> None:
    async def exchange() -> None:
        names = Names("127.0.0.2", "127.0.0.1")
        async with receiver(answers(OK)) as at, client(look_up=names.look_up) as http:
            assert isinstance(await http.send(request(at.port, host="hooks.example")), Answer)

    run(exchange())


def test_an_address_that_swallows_packets_leaves_time_for_the_next() -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at:
            with swallowing(at.port) as address:
                names = Names(address, "127.0.0.1")
                async with client(look_up=names.look_up) as http:
                    began = time.monotonic()
                    wanted = request(at.port, host="hooks.example", timeout_seconds=2.0)
                    assert isinstance(await http.send(wanted), Answer)
                    assert 0.4 < time.monotonic() - began < 1.0

    run(exchange())


def test_what_the_last_address_did_is_what_is_said() -> None:
    async def exchange() -> None:
        async with receiver(hang) as at:
            names = Names("127.0.0.2", "127.0.0.4")
            async with client(look_up=names.look_up) as http:
                result = await http.send(request(at.port, host="hooks.example"))
                assert result == NetworkFailure("connect.refused")

    run(exchange())


def test_a_certificate_is_checked_for_the_name_whatever_the_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def exchange() -> None:
        names = Names("127.0.0.1")
        trusted = authority.client_context
        for certified, accepted in (("hooks.example", True), ("127.0.0.1", False)):
            server = authority.server_context(certified)
            async with receiver(answers(OK), server) as at, client(trusted, names.look_up) as http:
                result = await http.send(request(at.port, scheme="https", host="hooks.example"))
                assert isinstance(result, Answer if accepted else NetworkFailure)
                assert accepted or getattr(result, "code", None) == "tls.wrong-name"
                assert len(at.requests) == accepted

    run(exchange())
