"""What every process tells about itself: what it is, which of its parts are ready, how long topics are kept, and when
what it shows to brokers expires."""

from shared.adapters import metrics
from shared.adapters.client_certificates import expires_at
from shared.adapters.health import Health
from shared.adapters.settings import ServiceSettings


def describe_process(service: str, health: Health, settings: ServiceSettings) -> None:
    """Call once, at the start."""
    metrics.name_build(service)
    metrics.READY.watch("process", lambda: {(check,): float(well) for check, well in health.checks().items()})
    for topic in settings.topics().all():
        if topic.retention_ms is not None:
            metrics.TOPIC_RETENTION_SECONDS.labels(topic.name).set(topic.retention_ms / 1000)
    # The certificate in use is the one that was there at the start, whatever is mounted later.
    file = settings.kafka_certificate_file
    expiry = None if file is None else expires_at(file.read_text())
    if expiry is not None:
        metrics.CERTIFICATE_EXPIRY.watch("brokers", lambda: {("brokers",): expiry})
