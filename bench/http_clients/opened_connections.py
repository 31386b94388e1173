"""Which TCP connections there are or have just been, as the kernel lists them.

A live connection is known by its socket's inode. The one who closes first keeps an entry for a minute (TIME_WAIT,
without an inode), so two looks tell how many were opened between them whichever client it was, whatever it says about
itself; a port used again within that minute, for a connection that has ended again, is missed.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
_ENDED = "0"

#: Client's port, receiver's port, inode of the client's socket or "0".
Connection = tuple[int, int, str]


def connections_to(receiver_ports: Collection[int]) -> set[Connection] | None:
    """Every connection to one of ``receiver_ports``; None without such a table."""
    if not _TABLE.exists():
        return None
    return connections_in(_TABLE.read_text(), receiver_ports)


def connections_in(table: str, receiver_ports: Collection[int]) -> set[Connection]:
    """The same from the text of the table; addresses are all loopback here, so ports tell connections apart."""
    wanted, found = frozenset(receiver_ports), set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        local, remote = (int(end.rpartition(":")[2], 16) for end in fields[1:3])
        inode = fields[9]
        if remote in wanted:
            found.add((local, remote, inode))
        elif local in wanted and remote and inode == _ENDED:
            found.add((remote, local, inode))
    return found


def opened_between(before: set[Connection], after: set[Connection]) -> int:
    """How many of ``after`` are new, and not the end of one that was live ``before``."""
    known = {each[:2] for each in before}
    return sum(1 for each in after - before if each[2] != _ENDED or each[:2] not in known)
