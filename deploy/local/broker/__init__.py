"""A real Apache Kafka broker on this machine, for `make up`, the demo and the tests alike.

One node that is broker and controller at once (KRaft), from the published artifacts, on the loopback
interface only. The same code serves a laptop, where the data is kept, and a test, which throws it away:
the caller owns the data directory, and nothing else tells the two apart.
"""

from deploy.local.broker.launcher import Broker, BrokerFailed, start_broker

__all__ = ["Broker", "BrokerFailed", "start_broker"]
