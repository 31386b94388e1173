"""`make check-image`: the steps of the Dockerfile, gone through in folders, and what they make, started for real.

No container engine is asked for. What only one could show is not shown: the base image itself, layers, a network and a
process space of their own. docs/operations/install.md repeats that.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.container.base_image import CannotRehearse, said
from deploy.container.building import DOCKERFILE, built, faults
from deploy.container.dockerfile import Stage
from deploy.container.starting import DATA, SECRETS, Started
from deploy.local.broker import start_broker
from deploy.local.broker.ports import draw_port
from deploy.local.fleet.probe import get

_SERVICES = ("services.ingest", "services.dispatcher", "services.event_recorder", "services.disabler")
_MIGRATION = "services.event_recorder.migrations"
_KEYS = f"{DATA}/sealing-keys"


def main() -> int:
    """Build, look, start everything; the process's exit status."""
    try:
        with tempfile.TemporaryDirectory(prefix="hookfleet-image-") as folder:
            _rehearse(Path(folder))
    except CannotRehearse as reason:
        _say(str(reason))
        return 1
    return 0


def _rehearse(folder: Path) -> None:
    context = DOCKERFILE.parents[2]
    print(f"Building from {DOCKERFILE.relative_to(context)}")
    image, root = built(context, folder, os.environ, _say)
    if found := faults(root):
        raise CannotRehearse("\n".join(found))
    size = said(["du", "--summarize", "--block-size=M", str(folder / "stage-0" / "install")], os.environ).split()[0]
    print(f"Installed {size} from the lock; no compiler and no developer's tool is in the last stage")
    data = folder / "data"
    _volumes(root, data, image)
    with start_broker(folder / "kafka", progress=_say) as broker:
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
            "HOOKFLEET_SECRETS_DIR": SECRETS,
            "HOOKFLEET_SEALING_KEY_FILE": _KEYS,
            "HOOKFLEET_ORGANIZATION": "acme",
            "HOOKFLEET_DATA_DIR": f"{DATA}/disabler",
            "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
        }
        with Started(image, root, data, _MIGRATION, settings, folder / "migration.log") as migration:
            if migration.wait() != 0:
                raise CannotRehearse(f"{_MIGRATION} failed.{migration.said()}")
            print(f"{_MIGRATION}: done")
        for service in _SERVICES:
            port = draw_port()
            log = folder / f"{service}.log"
            listening = settings | {"HOOKFLEET_LISTEN_PORT": str(port)}
            with Started(image, root, data, service, listening, log) as process:
                process.wait_until_ready(port)
                user = process.user()
                scraped = get(port, "/metrics")
                status = process.stop()
                if (user, scraped and scraped[0], status) != (image.user.partition(":")[0], 200, 0):
                    raise CannotRehearse(f"{service}: user {user}, /metrics {scraped}, exit {status}{process.said()}")
                print(f"{service}: ready, scraped and drained as user {user} on a read-only root folder")


def _volumes(root: Path, data: Path, image: Stage) -> None:
    """What a cluster would mount, with keys drawn for the occasion."""
    folder = root / SECRETS.lstrip("/")
    folder.mkdir(parents=True)
    (folder / "hookfleet_api_key").write_text(secrets.token_hex(20))
    (folder / "hookfleet_database_url").write_text(f"sqlite:///{DATA}/recorder.db\n")
    (root / DATA.lstrip("/")).mkdir(parents=True)
    data.mkdir()
    (data / "sealing-keys").write_text(f"k:{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    user, group = (int(each) for each in image.user.split(":"))
    for path in (folder, *folder.iterdir(), data, *data.iterdir()):
        shutil.chown(path, user, group)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
