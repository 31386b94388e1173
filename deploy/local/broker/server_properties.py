"""The broker's settings: which of Kafka's defaults do not fit one node on one machine, and why."""

from __future__ import annotations

from pathlib import Path

from deploy.local.broker.secured_listener import SecuredListener


def server_properties(
    log_dir: Path, client_port: int, controller_port: int, secured: SecuredListener | None = None
) -> str:
    """The text of a `server.properties` for one node that is broker and controller at once."""
    listeners = [f"CLIENTS://127.0.0.1:{client_port}", f"CONTROLLER://127.0.0.1:{controller_port}"]
    protocols = ["CLIENTS:PLAINTEXT", "CONTROLLER:PLAINTEXT"]
    if secured is not None:
        listeners.append(f"SECURED://127.0.0.1:{secured.port}")
        protocols.append("SECURED:SASL_SSL")
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        # Named again at each start rather than kept in the log, so that a restart may use another port.
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": ",".join(listeners),
        "listener.security.protocol.map": ",".join(protocols),
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(log_dir),
        # After a crash the node is let in again only when its former session has run out: with the default
        # of 9 s that start took 11.1 s, with this 4.2 s. (A node fenced by a pause returns with a heartbeat.)
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # A topic that nobody declared is a mistake in a name and shall be seen as one.
        "auto.create.topics.enable": "false",
        # There is one node to keep a replica.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        # The defaults of 50 each serve hundreds of groups and writers; every partition costs time at start.
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        # The default of 3 s waits for more members before the first assignment of every group.
        "group.initial.rebalance.delay.ms": "0",
        # Static members of the fleet ask for 6 to 10 s; this is the floor they may ask for.
        "group.min.session.timeout.ms": "6000",
    }
    settings |= {} if secured is None else secured.settings()
    return "".join(f"{name}={value}\n" for name, value in settings.items())
