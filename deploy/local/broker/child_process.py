"""Child processes that cannot outlive us, even when we are killed with SIGKILL.

On Linux the child asks the kernel to be killed with its parent (PR_SET_PDEATHSIG) and then becomes the
program: this file, run as a script, is that small step between fork and exec. It is a program of its own
rather than a `preexec_fn`, because code between fork and exec can deadlock a parent that has threads.

A child may run as another user, which only root can ask for. The kernel forgets the request when a process changes its
user, so the change comes first.

The kernel counts the parent *thread*, not the process. A child started from a worker thread would die when
that thread returns, so each child is started by a thread that does nothing but wait for its end.

Elsewhere than on Linux there is no such request; there a child ends with `stop()` or with its context.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def dying_with_us(command: Sequence[str], user: str | None = None) -> list[str]:
    """The command line that runs `command` as a child which is killed when the thread that starts it ends, as `user`
    where one is named."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), user or "", *command]


def start_child(
    command: Sequence[str], *, env: Mapping[str, str], directory: Path, output: Path, user: str | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` in `directory`, its stdout and stderr written to the file `output`; as `user` if given.

    The child leads a session of its own, so that Ctrl-C in a terminal reaches us alone and we decide the
    order in which things stop. Raises OSError when it cannot be started.
    """
    started: Future[subprocess.Popen[bytes]] = Future()

    def own_the_child() -> None:
        try:
            with output.open("wb") as file:
                process = subprocess.Popen(
                    dying_with_us(command, user),
                    env=dict(env),
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    threading.Thread(target=own_the_child, name=f"parent of {Path(command[0]).name}", daemon=True).start()
    return started.result()


def _become(parent: int, user: str, command: list[str]) -> None:
    if user:
        entry = pwd.getpwnam(user)
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the request was made
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
