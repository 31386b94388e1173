"""Faust's consumer, made to begin where the group has committed and to leave nothing out.

The fold needs the records of a partition in order and without holes: a record that comes late stands below the streak's
offset and is taken for a repeated one. Around a rebalance Faust does not promise that:

- while tables recover, the fetcher may take records of source partitions from the client and throw them away, relying
  on a seek to the committed offset afterwards; but where nothing is committed yet, there is no seek;
- that seek runs beside the fetcher, so records from before it can reach the stream first;
- the stream's queue is emptied when recovery is over, after the seek, so what was fetched in between is lost, and a
  hole of one record does not even hold up the commit. Measured with a backlog on a busy machine: 6 starts of 20 lost
  a record or stood still.

Here the fetcher itself seeks, between two fetches, once recovery is over and the queue has been emptied; records of
source partitions that were fetched before are not passed on.
"""

import logging
from collections.abc import AsyncIterator

from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP
from faust.types.tuples import Message

_logger = logging.getLogger("hookfleet.disabler.ordered_consumer")


class OrderedConsumer(Consumer):
    """Passes records of a source partition on only after the fetcher has sought its position."""

    #: Raised by every interruption of the flow, so that a seek under way knows that it was overtaken.
    _interruptions = 0
    _seek_due = False
    _in_position = False

    def stop_flow(self) -> None:
        """Pass nothing on until the flow is resumed and positions are sought anew."""
        self._interruptions += 1
        self._seek_due = self._in_position = False
        super().stop_flow()

    def resume_flow(self) -> None:
        """Resume; source partitions are active only when recovery is over, and then positions are due."""
        super().resume_flow()
        if any(not self._is_changelog_tp(tp) for tp in self._get_active_partitions()):
            self._seek_due, self._in_position = True, False

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """The next records, in order, for the fetcher, which alone calls this."""
        if self._seek_due:
            await self._seek_positions()
        async for tp, message in super().getmany(timeout):
            if self._in_position or self._is_changelog_tp(tp):
                yield tp, message

    async def _seek_positions(self) -> None:
        interruptions = self._interruptions
        try:
            await self.perform_seek()
            fresh = [tp for tp in self.assignment() if not self._is_changelog_tp(tp) and not self._committed_offset[tp]]
            if fresh:
                await self.seek_wait(await self.earliest_offsets(*fresh))
        except Exception as error:
            # A rebalance took partitions away meanwhile, or a broker is away: tried again with the next fetch.
            _logger.warning("seek failed", exc_info=error)
            return
        if interruptions == self._interruptions:
            self._seek_due, self._in_position = False, True


class OrderedTransport(Transport):
    """Kafka, read through `OrderedConsumer`."""

    Consumer = OrderedConsumer
