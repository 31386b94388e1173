"""When a consumer group's partitions changed hands, by the log of Kafka itself.

The group's coordinator writes a line when every member has joined anew: by then each has given up what it held.
"""

from __future__ import annotations

import re
from datetime import datetime

_LINE = re.compile(
    r"^(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(?P<ms>\d{3})\d*Z .* Stabilized group (?P<group>\S+) ", re.MULTILINE
)


def rebalances_ms(log: str, group: str) -> list[int]:
    """The end of each rebalance of ``group`` in the text of a broker's log, in milliseconds since 1970."""
    return [
        int(datetime.fromisoformat(f"{line['second']}+00:00").timestamp()) * 1000 + int(line["ms"])
        for line in _LINE.finditer(log)
        if line["group"] == group
    ]
