"""Convoy as the open webhook server: its server process with its worker inside, PostgreSQL and Redis beside it.

Set up through its own HTTP API as an operator would: log in, an organisation, an outgoing project, one endpoint, one
subscription to one event type. Off are its rate limits and its Redis cache (it then keeps that in memory) and its calls
to the outside; all else is as it comes.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from bench.peers import postgresql_server
from bench.peers.child_programs import ChildPrograms, listens
from bench.peers.core.figures import Contender, Road
from bench.peers.core.numbered_events import EVENT_TYPE, event
from bench.peers.feeding import post_all
from bench.peers.redis_server import find_redis
from bench.peers.unavailable import Unavailable
from deploy.cli.api_client import ApiClient, Refused, Unreachable
from deploy.local.broker.ports import draw_port
from deploy.programs.go_programs import GoProgram

CONVOY: Final = GoProgram(
    Path(__file__).with_name("convoy"), "github.com/frain-dev/convoy", "github.com/frain-dev/convoy/cmd"
)
#: The account that Convoy makes on an empty database.
_FIRST_USER: Final = {"username": "superuser@default.com", "password": "default"}
#: What stands where a key is expected before there is one; logging in reads none.
_NO_KEY: Final = "none"
#: Connections that feed it.
CONNECTIONS: Final = 16


class WebhookServer:
    """A running Convoy with one subscribed endpoint."""

    def __init__(
        self, folder: Path, data: Path, url: str, env: Mapping[str, str], progress: Callable[[str], None]
    ) -> None:
        """``data`` is an empty folder for PostgreSQL, given to the account that it runs as. Raises
        BuildFailed and Unavailable."""
        program = CONVOY.built(env, progress)
        postgresql = postgresql_server.find_postgresql(env)
        redis = find_redis(env, progress)
        self.contender = Contender("Convoy", CONVOY.version, "MPL-2.0", Road.API, counted=("convoy",))
        self.stores = {"PostgreSQL": postgresql.version, "Redis": redis.version}
        self._children = ChildPrograms(folder)
        self._requests: list[bytes] = []
        try:
            database_port, redis_port, self._port = draw_port(), draw_port(), draw_port()
            postgresql.prepare(data, env)
            database = self._children.start(
                "postgresql",
                postgresql.command(data, database_port),
                env=env,
                directory=data,
                answers=lambda: listens(database_port),
                stop_by=signal.SIGINT,  # its fast shutdown, which does not wait for connections
            )
            queue = self._children.start(
                "redis", redis.command(redis_port), env=redis.env, answers=lambda: listens(redis_port)
            )
            own = {**env, **_environment(database_port, redis_port, self._port)}
            _migrate(program, own, folder)
            server = self._children.start(
                "convoy", [str(program), "server"], env=own, answers=lambda: listens(self._port)
            )
            try:
                self._project, self._endpoint, self._key = _subscribe(self._port, url)
            except (Refused, Unreachable) as refusal:
                raise Unavailable(f"Convoy could not be set up: {refusal}") from refusal
        except BaseException:
            self.stop()
            raise
        self.processes = {"convoy": server, "postgresql": database, "redis": queue}

    def make_ready(self, numbers: range) -> None:
        self._requests = [
            orjson.dumps({"endpoint_id": self._endpoint, "event_type": EVENT_TYPE, "data": event(number)})
            for number in numbers
        ]

    def let_go(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        path = f"/api/v1/projects/{self._project}/events"
        post_all(self._port, path, headers, self._requests, connections=CONNECTIONS)

    def stop(self) -> None:
        self._children.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _environment(database_port: int, redis_port: int, port: int) -> dict[str, str]:
    return {
        "CONVOY_DB_TYPE": "postgres",
        "CONVOY_DB_DSN": postgresql_server.address(database_port),
        "CONVOY_QUEUE_PROVIDER": "redis",
        "CONVOY_REDIS_DSN": f"redis://127.0.0.1:{redis_port}",
        "CONVOY_HOST": f"127.0.0.1:{port}",
        "CONVOY_LOGGER_LEVEL": "error",
        "CONVOY_ANALYTICS_ENABLED": "false",
        "CONVOY_NATIVE_REALM_ENABLED": "true",
        "CONVOY_JWT_REALM_ENABLED": "true",
        "PORT": str(port),
    }


def _migrate(program: Path, env: Mapping[str, str], folder: Path) -> None:
    """Make the tables."""
    answer = subprocess.run(
        [str(program), "migrate", "up"], env=dict(env), cwd=folder, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise Unavailable(f"Convoy's migration failed: {' '.join((answer.stdout + answer.stderr).split())[-300:]}")


def _subscribe(port: int, url: str) -> tuple[str, str, str]:
    """Project, endpoint and API key of one subscription to `EVENT_TYPE` at ``url``."""
    server = f"http://127.0.0.1:{port}"
    with ApiClient(server, _NO_KEY) as anonymous:
        token = _data(anonymous.post("/ui/auth/login", _FIRST_USER))["token"]["access_token"]
    with ApiClient(server, token) as user:
        organisation = _data(user.post("/ui/organisations", {"name": "peers"}))["uid"]
        made = _data(user.post(f"/ui/organisations/{organisation}/projects", {"name": "peers", "type": "outgoing"}))
    project, key = made["project"]["uid"], made["api_key"]["key"]
    with ApiClient(f"{server}/api/v1/projects/{project}", key) as producer:
        endpoint = _data(producer.post("/endpoints", {"name": "receiver", "url": _mapped(url)}))["uid"]
        subscription = {
            "name": "all",
            "endpoint_id": endpoint,
            "filter_config": {"event_types": [EVENT_TYPE]},
        }
        producer.post("/subscriptions", subscription)
    return project, endpoint, key


def _mapped(url: str) -> str:
    """The same loopback address in IPv6's notation, since Convoy refuses the names 127.0.0.1 and localhost."""
    return url.replace("//127.0.0.1:", "//[::ffff:127.0.0.1]:")


def _data(answer: Any) -> Any:
    return answer["data"]
