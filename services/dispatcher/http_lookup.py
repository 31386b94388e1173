"""Addresses of host names: asked of the system, remembered for a moment.

An answer is used for ``REMEMBERED_SECONDS`` and asked for once however many want it: a thousand first requests to one
host are one question. Failures are not remembered, so a name that is put right works at once.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable

#: Seconds an answer is used; a receiver that moves is found again within them.
REMEMBERED_SECONDS = 10.0
#: Hosts remembered at once; of more, those asked for longest ago are asked for again.
_MAX_REMEMBERED = 10_000

Addresses = tuple[str, ...]
LookUp = Callable[[str], Awaitable[Addresses]]


async def look_up_by_system(host: str) -> Addresses:
    """IPv6 and IPv4 addresses in the order to try them. Raises OSError; UnicodeError for what can be no name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Lookups:
    """Make and use it on one event loop."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._loop = asyncio.get_running_loop()
        self._remembered: OrderedDict[str, tuple[float, asyncio.Task[Addresses]]] = OrderedDict()

    async def addresses(self, host: str) -> Addresses:
        """Raises what looking up raises."""
        expires, answer = self._remembered.get(host, (0.0, None))
        if answer is None or expires < self._loop.time():
            answer = self._loop.create_task(self._ask(host))
            self._remembered[host] = (self._loop.time() + REMEMBERED_SECONDS, answer)
            self._remembered.move_to_end(host)
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        # One who gives up waiting does not end it for the others.
        return await asyncio.shield(answer)

    async def _ask(self, host: str) -> Addresses:
        try:
            return await self._look_up(host)
        except BaseException:
            self._remembered.pop(host, None)
            raise
