"""The floor, measured: bare loops over the libraries the fleet uses, on the very records that the fleet has written.

A process of its own (`python -m bench.delivery.floor`), so that nothing of the harness is in it; `measured_floor`
starts it and reads what it found. Clients are made as the fleet makes them (`shared.adapters.kafka_clients`), with the
same acknowledgement, compression and batches, and are then used without anything around them.
"""

from bench.delivery.floor.measured_floor import Floor, measure_floor

__all__ = ["Floor", "measure_floor"]
