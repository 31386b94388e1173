"""Starts what an image holds as a cluster would: a root folder that nobody can write, a user without rights, secrets as
files, a scratch folder. Not in a network or a process space of its own, which a container has besides.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.container.base_image import CannotRehearse
from deploy.container.dockerfile import Stage
from deploy.local.broker.child_process import start_child
from deploy.local.fleet.probe import is_ready
from deploy.local.fleet.python_child import last_lines

#: Where volumes are mounted.
SECRETS: Final = "/etc/hookfleet/secrets"
DATA: Final = "/var/lib/hookfleet"
_READY_SECONDS = 90.0
_STOP_SECONDS = 30.0
_CHECK_SECONDS = 0.1


class Started:
    """One process made from the image; as a context manager it is killed on leaving."""

    def __init__(
        self, image: Stage, root: Path, data: Path, argument: str, settings: Mapping[str, str], log: Path
    ) -> None:
        """``data`` is the folder that is mounted at DATA, for writing."""
        self._log = log
        self.name = argument
        self._process = start_child(
            [_unshare(), "--mount", "/bin/sh", "-ec", _script(image, root, data, argument)],
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **image.environment, **settings},
            directory=Path("/"),
            output=log,
        )

    def wait_until_ready(self, port: int) -> None:
        """Until /readyz says so. Raises CannotRehearse."""
        deadline = time.monotonic() + _READY_SECONDS
        while not is_ready(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotRehearse(f"{self.name} was not ready.{last_lines(self._log)}")
            time.sleep(_CHECK_SECONDS)

    def user(self) -> str:
        """The effective user's number, as the kernel has it."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"^Uid:\s+\d+\s+(\d+)", status, re.MULTILINE)
        assert found is not None
        return found[1]

    def stop(self) -> int:
        """SIGTERM, and the exit status of what drained. Raises CannotRehearse when it does not end."""
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """The exit status of what ends by itself. Raises CannotRehearse when it does not."""
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise CannotRehearse(f"{self.name} did not end.{last_lines(self._log)}") from None

    def said(self) -> str:
        """The end of what it wrote."""
        return last_lines(self._log)

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _unshare() -> str:
    program = shutil.which("unshare")
    if program is None:
        raise CannotRehearse("unshare is needed (Debian: util-linux)")
    return program


def _script(image: Stage, root: Path, data: Path, argument: str) -> str:
    """Mounts as volumes are mounted, then becomes the process."""
    place = shlex.quote(str(root))
    command = shlex.join(["chroot", f"--userspec={image.user}", str(root), *image.entrypoint, argument])
    return f"""
mount --bind {place} {place}
mount --bind /proc {place}/proc
mount -o remount,bind,ro {place}
mount -t tmpfs -o mode=1777 scratch {place}/tmp
mount --bind {shlex.quote(str(data))} {place}{DATA}
exec {command}
"""
