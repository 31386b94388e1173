"""The HTTP client: the one thing that posts to webhooks.

No cookie is kept (one receiver's would go to another), no redirect followed, no proxy taken from the environment, no
body decompressed (a small answer must not become a large one), and a body is read to its bound and cut off there.
Every failure is a code that `services.dispatcher.core.failures` explains.

Where it may post is `services.dispatcher.core.address_guard`'s to say. That is asked when a connection is made, which
then is one to an address that was judged; a request over a connection that is there already asks nothing.

The client is ours, down to asyncio and the parser that uvicorn uses as well, because of what the libraries cost a
delivery; ``docs/performance.md`` has the figures. What it does is what a transport of httpx does, and any of those can
take its place: see `services.dispatcher.http_over_httpx`, which passes the same tests.

**Why a request may be sent twice.** A server may close a connection while it is idle, and the request that we have
just written crosses that on its way. From here it looks like a server that took the request and died; nobody can tell
the two apart. So when a connection that was used before ends without one byte of an answer, the request is sent once
more, over a fresh connection and within the same timeout. It may then arrive twice. That promises nothing less than
before: delivery is at least once, both copies carry the same ``webhook-id``, and as a failed attempt the run's
schedule would repeat this very request anyway, only later. What it saves is an attempt that failed for no fault of the
receiver. On a fresh connection there is no such excuse, and no repetition.
"""

import asyncio
import ssl

from services.dispatcher.core.address_guard import AddressGuard, AddressRefused
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Request, Result
from services.dispatcher.http_connection import Broken
from services.dispatcher.http_dialing import Dialer, NotConnected
from services.dispatcher.http_lookup import LookUp, look_up_by_system
from services.dispatcher.http_pool import Pool
from services.dispatcher.http_proxy import Proxy
from services.dispatcher.http_request import Origin, Unbuildable, head_of, target_of
from services.dispatcher.http_tls import Trust


class WebhookClient:
    """Posts requests. Make and use it on one event loop."""

    def __init__(
        self,
        max_idle: int,
        guard: AddressGuard,
        trust: Trust = ssl.create_default_context,
        look_up: LookUp = look_up_by_system,
        proxy: Proxy | None = None,
    ) -> None:
        """``max_idle`` bounds the connections kept for reuse, over all hosts; those in use are as many as there are
        requests. ``trust`` says whom to trust: by default, whom the system trusts. ``look_up`` gives a host's
        addresses, of which ``guard`` allows some. With a ``proxy``, every connection is a tunnel through it.
        """
        self._pool = Pool(max_idle)
        self._dialer = Dialer(trust, look_up, guard, proxy, self._pool.forget)
        self._loop = asyncio.get_running_loop()

    async def send(self, request: Request) -> Result:
        """Perform one request; never raises for what a receiver or a network does."""
        try:
            target = target_of(request.url)
            head = head_of(request, target)
        except Unbuildable:
            return CannotSend("request.invalid")
        origin = target.origin
        if request.client_certificate is not None and origin.tls:
            origin = origin._replace(certificate=request.client_certificate)
        deadline = self._loop.time() + request.timeout_seconds
        kept = self._pool.take(origin)
        if kept is not None:
            outcome = await kept.exchange(head, request.body, deadline)
            if isinstance(outcome, Answer):
                self._pool.put(kept)
                return outcome
            if not (outcome.silent and outcome.code == "connection.closed"):
                return NetworkFailure(outcome.code, outcome.detail)
        return await self._send_afresh(origin, head, request.body, deadline)

    async def _send_afresh(self, origin: Origin, head: bytes, body: bytes, deadline: float) -> Result:
        try:
            connection = await self._dialer.dial(origin, deadline - self._loop.time())
        except AddressRefused as refusal:
            return CannotSend("address.refused", str(refusal))
        except NotConnected as failure:
            return NetworkFailure(failure.code, failure.detail)
        outcome = await connection.exchange(head, body, deadline)
        if isinstance(outcome, Broken):
            return NetworkFailure(outcome.code, outcome.detail)
        self._pool.put(connection)
        return outcome

    async def close(self) -> None:
        """Close what is idle. Nothing may be under way."""
        self._pool.close()
