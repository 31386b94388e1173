"""The process in which costly expressions are evaluated; `shared.adapters.cel_sandbox` starts it.

It loads the runtime once and forks. The child serves until something ends it; then the parent says what did and forks
another, which costs milliseconds where a start from nothing would cost a tenth of a second. Limits are the kernel's, so
that they hold while the runtime does not come back: a timer of processor time whose signal ends the child, and a bound
on its address space, both set anew for each evaluation. It ends with the socket of whoever started it.
"""

import base64
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from shared.adapters.cel_environments import Sight
from shared.adapters.cel_expressions import evaluate_all
from shared.adapters.cel_frames import Closed, receive, send
from shared.core.expression_values import Failure, Structure, Value

#: Processor time of one evaluation, in seconds. Reading the largest event takes 20 ms of it.
TIME_LIMIT_SECONDS = 0.05
#: Memory of one evaluation, in bytes, beyond what the process has anyway.
MEMORY_LIMIT_BYTES = 128 * 2**20


def request_frame(
    number: int, sight: Sight, texts: Sequence[str], event: bytes, more: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """What asks for an evaluation. ``number`` comes back with the answer."""
    return {"number": number, "sight": sight, "texts": texts, "more": more}, event


def encoded_values(values: Sequence[Value | Failure]) -> bytes:
    """Values as an answer's body."""
    return orjson.dumps([_encoded(each) for each in values])


def decoded_values(body: bytes) -> list[Value | Failure]:
    """The other way round."""
    return [_decoded(*each) for each in orjson.loads(body)]


def _encoded(value: Value | Failure) -> list[Any]:
    match value:
        case Failure(reason=reason, too_large=too_large):
            return ["failure", reason, too_large]
        case Structure(encoded=encoded):
            return ["structure", encoded.decode()]
        case bytes():
            return ["bytes", base64.b64encode(value).decode()]
        case float() if value != value or value in (float("inf"), float("-inf")):
            return ["float", str(value)]
        case _:
            return ["plain", value]


def _decoded(form: str, value: Any, too_large: bool = False) -> Value | Failure:
    match form:
        case "failure":
            return Failure(value, too_large)
        case "structure":
            return Structure(value.encode())
        case "bytes":
            return base64.b64decode(value)
        case "float":
            return float(value)
        case _:
            plain: Value = value
            return plain


def _serve(channel: socket.socket) -> None:
    """Evaluate what is asked until nobody asks any more."""
    while True:
        head, event = receive(channel)
        began = time.process_time()
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY_LIMIT_BYTES, resource.RLIM_INFINITY))
        signal.setitimer(signal.ITIMER_PROF, TIME_LIMIT_SECONDS)
        try:
            body = encoded_values(evaluate_all(Sight(head["sight"]), head["texts"], event, head["more"]))
        except MemoryError:
            os.abort()
        signal.setitimer(signal.ITIMER_PROF, 0)
        send(channel, {"number": head["number"], "seconds": time.process_time() - began}, body)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def main() -> None:
    """Serve on the socket whose number is the argument."""
    # A core file would hold an event.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        while True:
            child = os.fork()
            if child == 0:
                # What the runtime says when it ends is of no use, and whoever wrote the expression decides how often.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
                try:
                    _serve(channel)
                except (Closed, OSError):
                    os._exit(0)
            _, status = os.waitpid(child, 0)
            if os.WIFEXITED(status):
                return
            send(channel, {"ended_by": os.WTERMSIG(status)}, b"")


if __name__ == "__main__":
    main()
