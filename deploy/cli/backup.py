"""`hookfleet backup` and `hookfleet restore`: what topics alone know, as a file.

Configuration and the state of integrations stand on two compacted topics and nowhere else. The file holds the latest
record of each key, byte for byte: secrets stay sealed, and are worth something only beside the sealing keys, which are
backed up apart. Straight on Kafka, because over HTTP nobody is ever given a sealed secret.

A restore writes onto empty topics alone. Offsets are versions of resources, and runs that wait carry one, so onto a
topic that others have read and written an old record must not be put as if it were new.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from deploy.cli.dead_letters_reading import fleet_settings
from deploy.cli.failures import Failed, errors, readable_failures
from shared.adapters.kafka_clients import producer
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import prepare_topics
from shared.adapters.topic_reader import TopicReader
from shared.core.records import Record
from shared.core.topics import Topic

_FORM = {"hookfleet_backup": 1}
_File = Annotated[Path, typer.Argument(metavar="FILE", help="The file.", dir_okay=False)]
#: Seconds for brokers to acknowledge a record.
_ACKNOWLEDGE_SECONDS = 30.0


def backup(file: _File) -> None:
    """Write configuration and states of integrations to a file; secrets in it stay sealed."""
    with readable_failures():
        settings = fleet_settings()
        records = [record for topic in _kept(settings).values() for record in _latest(_read(settings, topic.name))]
        file.touch(mode=0o600)
        lines = [orjson.dumps(_FORM), *(orjson.dumps(_document(record, settings)) for record in records)]
        file.write_bytes(b"\n".join(lines) + b"\n")
        errors.print(
            f"[green]✔[/] {len(records):,} records in {file}; keep the sealing keys with it, but not beside it"
        )


def restore(file: _File) -> None:
    """Write a backup onto a cluster whose topics of configuration and states are empty or missing."""
    with readable_failures():
        settings = fleet_settings()
        documents = _documents(file)
        prepare_topics(settings)
        topics = _kept(settings)
        for topic in topics.values():
            if next(iter(_read(settings, topic.name)), None) is not None:
                raise Failed(f"topic {topic.name} is not empty: restore onto a new cluster, or with another prefix")
        with closing(producer(settings)) as sender:
            sent = [_send(sender, topics, document) for document in documents]
            for each in sent:
                each.get(timeout=_ACKNOWLEDGE_SECONDS)
        errors.print(f"[green]✔[/] {len(sent):,} records restored")


def _kept(settings: ServiceSettings) -> dict[str, Topic]:
    """By the name that the file has for it, which does not depend on a prefix."""
    topics = settings.topics()
    return {"config": topics.config, "integration_state": topics.integration_state}


def _read(settings: ServiceSettings, topic: str) -> Iterator[Record]:
    with closing(TopicReader(settings, [topic])) as reader:
        yield from reader.unread()


def _latest(records: Iterable[Record]) -> list[Record]:
    """The last record of each key, in the order of the topic; keys that were deleted are gone."""
    latest: dict[bytes | None, Record] = {}
    for record in records:
        latest.pop(record.key, None)
        if record.value is not None:
            latest[record.key] = record
    return list(latest.values())


def _document(record: Record, settings: ServiceSettings) -> dict[str, Any]:
    names = {topic.name: name for name, topic in _kept(settings).items()}
    return {
        "topic": names[record.topic],
        "key": _text(record.key or b""),
        "value": _text(record.value or b""),
        "headers": [[name, _text(raw)] for name, raw in record.header_list],
    }


def _documents(file: Path) -> list[dict[str, Any]]:
    try:
        form, *documents = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    except (OSError, ValueError) as error:
        raise Failed(f"{file} is no backup: {error}") from None
    if form != _FORM:
        raise Failed(f"{file} is no backup of this version")
    return documents


def _send(sender: Any, topics: dict[str, Topic], document: dict[str, Any]) -> Any:
    headers = [(name, base64.b64decode(raw)) for name, raw in document["headers"]]
    key, value = base64.b64decode(document["key"]), base64.b64decode(document["value"])
    return sender.send(topics[document["topic"]].name, key=key, value=value, headers=headers)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
