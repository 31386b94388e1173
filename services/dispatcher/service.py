"""The dispatcher as a process: what it is put together from."""

import functools

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.edges import Edges
from services.dispatcher.roles import Roles
from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.tables import IntegrationStates, apply_config
from shared.adapters.health import Health
from shared.adapters.health_server import HealthServer
from shared.adapters.kafka_clients import admin_client, table_consumer
from shared.adapters.lifecycle import Supervisor
from shared.adapters.topic_admin import ensure_topics
from shared.adapters.topic_table import TopicTable


def run(settings: DispatcherSettings, edges: Edges) -> int:
    """Run until stopped; the process's exit status."""
    topics = settings.topics()
    health = Health()
    supervisor = Supervisor(health, settings.drain_seconds)
    server = HealthServer(settings.listen_host, settings.listen_port, health)
    supervisor.on_close(server.close)
    admin = admin_client(settings)
    ensure_topics(admin, topics, settings.replication_factor)
    admin.close()

    configuration = Configuration()
    states = IntegrationStates()
    config_table = TopicTable(table_consumer(settings), topics.config, functools.partial(apply_config, configuration))
    state_table = TopicTable(table_consumer(settings), topics.integration_state, states.apply)
    publisher = edges.publisher(functools.partial(supervisor.crash, "publisher"))
    supervisor.on_close(publisher.close)
    for table in (config_table, state_table):
        health.add(f"table-{table.topic.name}", table.not_ready)
        supervisor.spawn(f"table-{table.topic.name}", functools.partial(table.run, supervisor.stop))
    roles = Roles(
        settings,
        edges,
        configuration=configuration,
        states=states,
        config_table=config_table,
        state_table=state_table,
        publisher=publisher,
        health=health,
        stop=supervisor.stop,
        crash=supervisor.crash,
    )
    for role in settings.roles:
        # Until the role says how its own consumer is; it makes one when the tables are ready.
        health.add(role.value, lambda: "waiting for the tables")
        supervisor.spawn(role.value, getattr(roles, role.value))
    return supervisor.run()
