"""HTTP clients side by side: what each costs a delivery, and what it does with its connections.

    python -m bench.http_clients [--seconds 5] [--only NAME] [--json FILE]

Every candidate posts the same 1 KB requests to the same receiver, 50 and 500 in flight, to one host and to a hundred
(a host is a port), without TLS and with it. The figure that decides is CPU time per request of the whole process, user
and system, over all threads; requests per second depend on how many cores happen to be free. Each candidate runs in a
process of its own, so that no other's threads or caches count as its.

All of them do the same work: from one `services.dispatcher.core.exchange.Request` to one ``Answer``, with whatever
objects their interface wants on the way. The bare loop alone leaves out what a client cannot leave out (timeouts,
bounds, headers of the answer) and is the floor.
"""
