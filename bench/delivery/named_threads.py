"""Runs a module with its threads' names known to the kernel: `python -m bench.delivery.named_threads services.ingest`.

Python names threads for itself only, and the kernel accounts CPU by thread. So each thread tells the kernel its name
once, when it begins; nothing of the measured program is changed and nothing runs in it afterwards. The kernel keeps 15
characters of a name. Elsewhere than on Linux this does nothing, and there is no account by thread either.
"""

from __future__ import annotations

import contextlib
import ctypes
import runpy
import sys
import threading
from types import FrameType

_PR_SET_NAME = 15


def _tell_the_kernel(frame: FrameType, event: str, argument: object) -> None:
    """The profile function of a new thread: called at the first thing it does, and then no more."""
    sys.setprofile(None)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, threading.current_thread().name.encode()[:15], 0, 0, 0)


def main() -> None:
    """Become the module named by the first argument."""
    if sys.platform == "linux":
        threading.setprofile(_tell_the_kernel)
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
