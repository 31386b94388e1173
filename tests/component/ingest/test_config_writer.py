"""The one fenced writer on a real broker: what is acknowledged holds, also while writers fight for the epoch."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from services.ingest.config_writer import Answer
from services.ingest.core.config_changes import (
    Apply,
    Delete,
    Done,
    DrawnSecret,
    Effect,
    NotFound,
    Put,
    PutOne,
    ResourceKey,
    StillReferenced,
    VersionNeeded,
    VersionStale,
)
from shared.adapters.kafka_clients import partitions_of, read, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.adapters.transactional_writer import TransactionalWriter, WriteFailed
from shared.core.records import OutRecord, Record
from shared.core.resources import AnySpec, HmacCredential, Integration, Kind, NotificationRule, Resource, Webhook
from tests.component.ingest.conftest import RunningWriter, StartWriter, transactions_of
from tests.counted import Counted
from tests.waiting import wait_for

HOOK = ResourceKey(Kind.WEBHOOK, "acme", "w")


def webhook(name: str) -> Webhook:
    return Webhook(name=name, url="https://example.com/")


def put(key: ResourceKey, spec: AnySpec, if_match: int | None = None, sealed: str | None = None) -> PutOne:
    return PutOne(Put(key, spec, at_ms=1, secret=None if sealed is None else DrawnSecret(sealed)), if_match)


def answer_of(future: Future[Answer]) -> Answer:
    return future.result(timeout=20)


def done(answer: Answer) -> Done:
    assert isinstance(answer, tuple), answer
    (one,) = answer
    return one


def history(settings: ServiceSettings) -> list[Record]:
    """Every committed record of the config topic, in order."""
    (partition,) = partitions_of(settings.topics().config.name, 1)
    consumer = table_consumer(settings)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    records: list[Record] = []
    while consumer.position(partition) < end:
        records += [read(record) for batch in consumer.poll(timeout_ms=200).values() for record in batch]
    consumer.close()
    return records


def test_what_is_acknowledged_is_in_the_own_table(start_writer: StartWriter) -> None:
    one = start_writer()
    written = done(answer_of(one.writer.submit(put(HOOK, webhook("a")))))
    stored = one.table.get(HOOK)
    assert stored is not None
    assert (stored.version, stored.resource) == (written.version, written.resource)


def test_what_one_ingest_acknowledged_another_judges_by(start_writer: StartWriter) -> None:
    one, other = start_writer(), start_writer()
    for number in range(10):
        first, second = (one, other) if number % 2 else (other, one)
        key = ResourceKey(Kind.WEBHOOK, "acme", f"w{number}")
        version = done(answer_of(first.writer.submit(put(key, webhook("a"))))).version
        assert answer_of(second.writer.submit(put(key, webhook("b")))) == VersionNeeded(key, version)
        assert done(answer_of(second.writer.submit(put(key, webhook("a"))))).effect is Effect.UNCHANGED


def test_a_table_that_is_behind_is_not_judged_by(start_writer: StartWriter) -> None:
    reading = threading.Event()
    reading.set()
    one, behind = start_writer(), start_writer(reading=reading)
    version = done(answer_of(one.writer.submit(put(HOOK, webhook("old"))))).version
    wait_for(lambda: behind.table.get(HOOK), "the other table has the first version")
    reading.clear()
    newer = done(answer_of(one.writer.submit(put(HOOK, webhook("new"), if_match=version)))).version
    asked = behind.writer.submit(put(HOOK, webhook("old")))
    assert wait([asked], timeout=0.3).done == set(), "it answered by a table that did not have the new version"
    reading.set()
    assert answer_of(asked) == VersionNeeded(HOOK, newer)


def test_a_request_that_writes_nothing_leaves_the_epoch_to_its_holder(start_writer: StartWriter) -> None:
    holder, other = start_writer(), start_writer()
    version = done(answer_of(holder.writer.submit(put(HOOK, webhook("a"))))).version
    assert answer_of(other.writer.submit(put(HOOK, webhook("b"), if_match=version + 99))) == VersionStale(HOOK, version)
    assert done(answer_of(other.writer.submit(put(HOOK, webhook("a"))))).effect is Effect.UNCHANGED
    assert holder.transactions.held
    assert not other.transactions.held


def test_requests_that_wait_together_share_a_transaction_and_see_each_other(
    start_writer: StartWriter, settings: ServiceSettings
) -> None:
    writing = threading.Event()
    one = start_writer(writing=writing)
    rule = ResourceKey(Kind.NOTIFICATION_RULE, "acme", "r")
    link = ResourceKey(Kind.INTEGRATION, "acme", "i")
    waiting = [
        one.writer.submit(put(rule, NotificationRule(name="R", event_type="*"))),
        one.writer.submit(put(HOOK, webhook("first"))),
        one.writer.submit(put(link, Integration(name="I", rule="r", webhook="w"))),
        one.writer.submit(put(HOOK, webhook("second"))),
        one.writer.submit(Delete(rule, None)),
    ]
    writing.set()
    answers = [answer_of(future) for future in waiting]
    versions = [done(answer).version for answer in answers[:3]]
    assert versions == [0, 1, 2], "one transaction: no commit marker between the records"
    assert answers[3] == VersionNeeded(HOOK, 1)
    # It came while the rule's own creation was under way, so it was judged after that.
    assert answers[4] == StillReferenced(rule, (link,))
    assert [record.offset for record in history(settings)] == versions


def test_a_cancelled_request_is_never_carried_out(start_writer: StartWriter, settings: ServiceSettings) -> None:
    writing = threading.Event()
    one = start_writer(writing=writing)
    given_up = one.writer.submit(put(HOOK, webhook("given up")))
    assert given_up.cancel()
    kept = one.writer.submit(put(HOOK, webhook("kept")))
    writing.set()
    assert done(answer_of(kept)).effect is Effect.CREATED
    assert len(history(settings)) == 1


def test_a_bulk_change_is_one_transaction(start_writer: StartWriter) -> None:
    one = start_writer()
    puts = tuple(Put(ResourceKey(Kind.WEBHOOK, "acme", f"w{n}"), webhook("x"), at_ms=1) for n in range(300))
    answer = answer_of(one.writer.submit(Apply(puts)))
    assert isinstance(answer, tuple)
    first = answer[0].version
    assert [each.version for each in answer] == list(range(first, first + 300))


def test_deleting_twice_says_that_there_is_nothing(start_writer: StartWriter) -> None:
    one = start_writer()
    answer_of(one.writer.submit(put(HOOK, webhook("a"))))
    assert done(answer_of(one.writer.submit(Delete(HOOK, None)))).effect is Effect.DELETED
    assert one.table.get(HOOK) is None
    assert answer_of(one.writer.submit(Delete(HOOK, None))) == NotFound(HOOK)


class LosesFirstAnswer:
    """The real writer, whose first commit takes effect but whose acknowledgement is lost on the way."""

    def __init__(self, real: TransactionalWriter) -> None:
        self._real = real
        self.lost = False

    @property
    def held(self) -> bool:
        return self._real.held

    def take(self) -> None:
        self._real.take()

    def write(self, records: Sequence[OutRecord]) -> list[int]:
        offsets = self._real.write(records)
        if not self.lost:
            self.lost = True
            self._real.close()
            raise WriteFailed("no answer to the commit")
        return offsets

    def close(self) -> None:
        self._real.close()


def test_a_credential_whose_commit_went_unanswered_is_created_once_with_the_secret_shown(
    start_writer: StartWriter, settings: ServiceSettings
) -> None:
    transactions = LosesFirstAnswer(transactions_of(settings))
    one = start_writer(transactions)
    key = ResourceKey(Kind.CREDENTIAL, "acme", "c")
    written = done(answer_of(one.writer.submit(put(key, HmacCredential(kind="hmac", name="C"), sealed="sealed-1"))))
    assert transactions.lost
    assert written.effect is Effect.CREATED
    assert written.resource is not None
    assert written.resource.sealed == ("sealed-1",)
    assert len(history(settings)) == 1


def test_two_writers_at_once_lose_nothing_and_keep_the_lock(
    start_writer: StartWriter, settings: ServiceSettings
) -> None:
    """Twelve clients over two writers: half create resources of their own, half raise one shared counter under the
    optimistic lock, each time over either writer. Every acknowledged write is in the topic, at its version, and the
    counter has lost no update."""
    fenced = Counted("hookfleet_config_fenced_total")
    writers = (start_writer(), start_writer())
    creations, increments, clients = 30, 10, 6
    counter = ResourceKey(Kind.WEBHOOK, "acme", "counter")
    started = done(answer_of(writers[0].writer.submit(put(counter, webhook("0")))))

    def submit(chance: random.Random, change: PutOne) -> Answer:
        while True:
            future = chance.choice(writers).writer.submit(change)
            if future.exception(timeout=30) is None:
                return future.result()

    def create(client: int) -> list[Done]:
        chance = random.Random(client)
        keys = [ResourceKey(Kind.WEBHOOK, "acme", f"own-{client}-{n}") for n in range(creations)]
        return [done(submit(chance, put(key, webhook(key.id)))) for key in keys]

    def increment(client: int) -> tuple[list[Done], int]:
        chance = random.Random(100 + client)
        mine: list[Done] = []
        conflicts = 0
        count, version = 0, started.version
        while len(mine) < increments:
            answer = submit(chance, put(counter, webhook(f"{count + 1} by {client}"), if_match=version))
            if isinstance(answer, VersionStale):
                conflicts += 1
                assert answer.current is not None
                assert answer.current > version
                count, version = _counter(writers, answer.current)
            else:
                mine.append(done(answer))
                count, version = count + 1, mine[-1].version
        return mine, conflicts

    with ThreadPoolExecutor(2 * clients) as pool:
        creating = [pool.submit(create, client) for client in range(clients)]
        counting = [pool.submit(increment, client) for client in range(clients)]
        created = [each for future in creating for each in future.result()]
        counted = [each for future in counting for each in future.result()[0]]
        conflicts = sum(future.result()[1] for future in counting)

    by_offset = {record.offset: record for record in history(settings)}
    acknowledged = [started, *created, *counted]
    assert len({each.version for each in acknowledged}) == len(acknowledged) == 1 + clients * (creations + increments)
    for each in acknowledged:
        assert each.resource is not None
        assert by_offset[each.version].key == each.key.encode()
        assert by_offset[each.version].value == each.resource.encode()
    steps = [record for record in by_offset.values() if record.key == counter.encode()]
    names = [_name(record) for record in sorted(steps, key=lambda record: record.offset)]
    assert [int(name.split()[0]) for name in names] == list(range(clients * increments + 1))
    assert conflicts > 0, "the clients never met; the test shows nothing"
    assert fenced.since > 0, "neither writer took the other's place"


def _counter(writers: Sequence[RunningWriter], version: int) -> tuple[int, int]:
    """The counter as of ``version`` or later, from whichever table has it by now."""
    while True:
        for running in writers:
            stored = running.table.get(ResourceKey(Kind.WEBHOOK, "acme", "counter"))
            if stored is not None and stored.version >= version:
                return int(_name_of(stored.resource).split()[0]), stored.version


def _name(record: Record) -> str:
    return _name_of(Resource.model_validate_json(record.value or b""))


def _name_of(webhook: Resource) -> str:
    assert isinstance(webhook.spec, Webhook)
    return webhook.spec.name
