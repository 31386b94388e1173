"""Ports that stay ours from the moment they are chosen.

A port from the kernel's own range (`bind` to 0) can be handed to somebody else between our asking and the
broker's binding, and again whenever the broker is down. So ports are drawn from below that range: the
kernel never gives them away, neither to a listener nor to an outgoing connection. A second launcher
could still draw the same number before the first broker binds it, so launchers take turns (a file lock, see
launcher.py); and if any other program takes the port in that second, the launcher draws again.
"""

from __future__ import annotations

import random
import socket

LOWEST_PORT = 20_000
HIGHEST_PORT = 32_767
"""The default ephemeral range starts at 32768 on Linux and at 49152 on macOS."""


class PortInUse(Exception):
    """The port that was asked for is taken, or no free one was found."""


def is_free(port: int) -> bool:
    """Whether a listener could bind the port on the loopback interface now."""
    with socket.socket() as probe:
        # As the broker does it: connections of a stopped predecessor that linger must not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def draw_port(*, besides: int | None = None) -> int:
    """A free port that the kernel does not give away, other than `besides`."""
    numbers = random.SystemRandom().sample(range(LOWEST_PORT, HIGHEST_PORT + 1), k=100)
    for port in numbers:
        if port != besides and is_free(port):
            return port
    raise PortInUse(f"100 ports between {LOWEST_PORT} and {HIGHEST_PORT} were tried and all are in use")
