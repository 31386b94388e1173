"""Room for connections: each takes a file of the process, and many systems grant 1,024 unless a process asks for more.

A process may raise its own limit up to the hard one without any privilege; it only has to ask.
"""

import logging
import resource

from shared.adapters.json_logs import log

#: Files beyond connections to receivers: brokers, logs, sockets that listen.
_OTHERS = 200
_logger = logging.getLogger("hookfleet.open_files")


def make_room(connections: int) -> None:
    """Let the process hold so many connections; where the system forbids it, say so once."""
    wanted = connections + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    if granted < wanted:
        log(_logger, logging.WARNING, "few_open_files", granted=granted, wanted=wanted)
