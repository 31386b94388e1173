"""Where built programs are kept: beside the broker's jars, outside the checkout, one folder for each digest.

The digest is over what the build was made from, so a changed version never meets an old program. A build happens in a
neighbour folder that is renamed when complete, under a lock: an interrupted one leaves nothing that looks finished.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.broker.distribution import lock


def kept(name: str, made_from: Sequence[bytes], env: Mapping[str, str], build: Callable[[Path], None]) -> Path:
    """The folder of ``name``; ``build`` fills an empty one when there is none yet. Raises what ``build`` raises."""
    root = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home(), ".cache"), "hookfleet")
    cache = root / f"{name}-{hashlib.sha256(b''.join(made_from)).hexdigest()[:8]}"
    finished = cache / "built"
    if not finished.is_dir():
        with lock(cache):
            if not finished.is_dir():  # another process may have built it while this one waited
                partial = cache / "partial"
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
                build(partial)
                partial.rename(finished)
    return finished
