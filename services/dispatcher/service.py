"""The dispatcher as a process: what it is put together from."""

import functools

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.edges import Edges
from services.dispatcher.roles import Roles
from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.tables import IntegrationStates, apply_config
from shared.adapters import metrics
from shared.adapters.health import Health
from shared.adapters.health_server import HealthServer
from shared.adapters.kafka_clients import table_consumer
from shared.adapters.lifecycle import Supervisor
from shared.adapters.process_metrics import describe_process
from shared.adapters.topic_admin import topics_or_exit
from shared.adapters.topic_table import TopicTable
from shared.adapters.tracing import tracing_of


def run(settings: DispatcherSettings, edges: Edges) -> int:
    """Run until stopped; the process's exit status."""
    topics = settings.topics()
    health = Health()
    describe_process("dispatcher", health, settings)
    supervisor = Supervisor(health, settings.drain_seconds)
    server = HealthServer(settings.listen_host, settings.listen_port, health)
    supervisor.on_close(server.close)
    topics_or_exit(settings)

    configuration = Configuration()
    states = IntegrationStates()
    config_table = TopicTable(table_consumer(settings), topics.config, functools.partial(apply_config, configuration))
    state_table = TopicTable(table_consumer(settings), topics.integration_state, states.apply)
    metrics.INTEGRATIONS_DISABLED.watch(
        "states", lambda: {(): states.count_disabled(lambda *key: configuration.integration(*key) is not None)}
    )
    tracing = tracing_of(settings, "dispatcher")
    supervisor.on_close(tracing.close)
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
        tracing=tracing,
    )
    for role in settings.roles:
        # Until the role says how its own consumer is; it makes one when the tables are ready.
        health.add(role.value, lambda: "waiting for the tables")
        supervisor.spawn(role.value, getattr(roles, role.value))
    return supervisor.run()
