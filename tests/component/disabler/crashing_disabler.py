"""A disabler that dies at one step: ``crashing_disabler.py <point>``.

It is the service as it is, with one step wrapped: the table write that follows an announcement. ``before-write`` dies
when the announcement is acknowledged and the table not written, ``after-write`` when the table is acknowledged and the
batch not, ``count-before-write`` and ``count-after-write`` likewise at the seventh failure of a streak, and
``refused`` raises as a client does whose brokers do not take the write.
"""

import os
import signal
import sys
from collections.abc import Mapping

import faust

from services.disabler.core.streak import Streak
from services.disabler.faust_app import FaustStreakTable
from services.disabler.service import NAME, run
from services.disabler.settings import DisablerSettings
from shared.adapters.json_logs import configure_logs
from shared.adapters.settings import load_settings

CRASH_AT_COUNT = 7


class CrashingTable(FaustStreakTable):
    def __init__(self, app: faust.App, point: str) -> None:
        super().__init__(app)
        self._point = point

    async def write(self, streaks: Mapping[bytes, Streak], partitions: Mapping[bytes, int]) -> None:
        if self._point.startswith("count-"):
            here = any(len(streak.failed_runs) >= CRASH_AT_COUNT for streak in streaks.values())
        else:
            here = any(streak.decision is not None for streak in streaks.values())
        if here and self._point == "refused":
            raise OSError("the brokers do not take this")
        if here and self._point.endswith("before-write"):
            os.kill(os.getpid(), signal.SIGKILL)
        await super().write(streaks, partitions)
        if here:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    settings = load_settings(DisablerSettings)
    configure_logs(NAME, settings.log_level)
    os._exit(run(settings, lambda app: CrashingTable(app, sys.argv[1])))
