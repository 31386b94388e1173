"""The HTTP client calls no address that it may not: what is refused is never connected to, whatever a name says."""

import pytest

from services.dispatcher.core.address_guard import Address, AddressGuard
from services.dispatcher.core.exchange import Answer, CannotSend
from services.dispatcher.http_client import WebhookClient
from tests.component.dispatcher.loopback import OK, answers, client, receiver, request, run

#: A network that no test has a receiver in.
ELSEWHERE = "192.0.2.0/24"


class ChangingName:
    """A name whose answer is another one every time."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)

    @property
    def left(self) -> int:
        return len(self._answers)

    async def look_up(self, host: str) -> tuple[str, ...]:
        return self._answers.pop(0)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
        "2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", "127.0.0.1.", "0",
        "[fe80::1%25lo]", "169.254.169.254",
    ],
)  # fmt: skip
def test_nothing_is_connected_to_in_whatever_form_it_is_written(host: str) -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at, client(allowed=ELSEWHERE) as http:
            result = await http.send(request(at.port, host=host))
            assert isinstance(result, CannotSend)
            assert result.code == "address.refused"
            assert at.connections == 0

    run(exchange())


@pytest.mark.parametrize("host", ["0177.0.0.1", "127.0.0.01", "256.0.0.1"])
def test_four_numbers_that_are_no_address_make_no_url(host: str) -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at, client() as http:
            assert await http.send(request(at.port, host=host)) == CannotSend("request.invalid")
            assert at.connections == 0

    run(exchange())


def test_a_refusal_says_which_address_and_which_setting() -> None:
    async def exchange() -> None:
        name = ChangingName(("127.0.0.1",))
        async with client(look_up=name.look_up, allowed=ELSEWHERE) as http:
            result = await http.send(request(1, host="hooks.example"))
            assert isinstance(result, CannotSend)
            assert "hooks.example is 127.0.0.1, a loopback address" in (result.detail or "")
            assert "HOOKFLEET_ALLOWED_NETWORKS" in (result.detail or "")

    run(exchange())


def test_of_a_names_addresses_only_the_allowed_ones_are_connected_to() -> None:
    async def exchange() -> None:
        name = ChangingName(("127.0.0.2", "127.0.0.1"))
        async with (
            receiver(answers(OK)) as allowed,
            receiver(answers(OK), address="127.0.0.2", port=allowed.port) as refused,
            client(look_up=name.look_up, allowed="127.0.0.1/32") as http,
        ):
            assert isinstance(await http.send(request(allowed.port, host="hooks.example")), Answer)
            assert (allowed.connections, refused.connections) == (1, 0)

    run(exchange())


def test_an_answer_that_changes_after_it_was_judged_changes_nothing() -> None:
    """The name is asked for once; whatever it would say by the time of the connection is never heard."""

    async def exchange() -> None:
        name = ChangingName(("127.0.0.1",), ("127.0.0.2",))
        async with (
            receiver(answers(OK, close=True)) as allowed,
            receiver(answers(OK), address="127.0.0.2", port=allowed.port) as refused,
            client(look_up=name.look_up, allowed="127.0.0.1/32") as http,
        ):
            wanted = request(allowed.port, host="hooks.example")
            for _ in range(3):  # the receiver closes each connection, so each is made anew
                assert isinstance(await http.send(wanted), Answer)
            assert (allowed.connections, refused.connections, name.left) == (3, 0, 1)
            async with client(look_up=name.look_up, allowed="127.0.0.1/32") as later:
                assert isinstance(await later.send(wanted), CannotSend)
            assert (refused.connections, name.left) == (0, 0)

    run(exchange())


def test_an_answer_that_is_a_name_is_not_asked_for_again() -> None:
    async def exchange() -> None:
        name = ChangingName(("localhost",))
        async with receiver(answers(OK)) as at, client(look_up=name.look_up) as http:
            assert isinstance(await http.send(request(at.port, host="hooks.example")), CannotSend)
            assert at.connections == 0

    run(exchange())


def test_a_request_over_a_connection_that_is_there_asks_and_judges_nothing() -> None:
    class Counting(AddressGuard):
        judged = 0

        def reason_against(self, address: Address) -> str | None:
            self.judged += 1
            return None

    async def exchange() -> None:
        name, guard = ChangingName(("127.0.0.1",)), Counting()
        http = WebhookClient(5, guard, look_up=name.look_up)
        async with receiver(answers(OK)) as at:
            for _ in range(5):
                assert isinstance(await http.send(request(at.port, host="hooks.example")), Answer)
            assert (at.connections, guard.judged) == (1, 1)
        await http.close()

    run(exchange())
