"""A receiver that is never the bottleneck: it counts, stamps and answers, on many ports, in a process of its own.

It writes one fixed-size record for each request into a file, which is all that a benchmark reads of it. So its parent
knows how many requests have come by asking the file's length, and nobody computes anything while something is measured.

    with ReceiverProcess(folder / "healthy", env, ports=100, delay_seconds=0.005) as receiver:
        ...  # post to receiver.urls
        receiver.count(), receiver.arrivals()
"""

from bench.receiver.certificates import Certificates, make_certificates
from bench.receiver.core.arrivals import Arrival
from bench.receiver.receiver_process import ReceiverFailed, ReceiverProcess

__all__ = ["Arrival", "Certificates", "ReceiverFailed", "ReceiverProcess", "make_certificates"]
