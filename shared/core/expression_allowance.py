"""How much time slow expressions may take, so that the rules of one organization do not slow those of another.

An evaluation that costs no more than `FREE_SECONDS` is never counted. What it costs beyond that is the organization's
debt, which shrinks by `SHARE` of the time that passes; an organization that owes more than `BURST_SECONDS` has its
costly expressions refused until it owes less. Cheap ones (see `shared.core.expression_cost`) are never refused.

With these figures a rule that runs into the time limit at every event takes 5 % of one worker's time in the long run.
"""

from dataclasses import dataclass, field

#: Processor time of one evaluation that counts for nothing, in seconds.
FREE_SECONDS = 0.005
#: Debt that an organization may have, in seconds.
BURST_SECONDS = 1.0
#: Debt that is forgiven per second.
SHARE = 0.05
#: Organizations with debts kept in mind; those who owe nothing any more are forgotten first.
_KEPT = 10_000


@dataclass(slots=True)
class Allowance:
    """The debts of organizations. ``now`` is in seconds of a clock that only goes forward."""

    _debts: dict[str, tuple[float, float]] = field(default_factory=dict)

    def seconds_to_wait(self, organization: str, now: float) -> float:
        """How long until the organization's costly expressions are evaluated; 0 when they are."""
        over = self._debt(organization, now) - BURST_SECONDS
        return max(over / SHARE, 0.0)

    def charge(self, organization: str, seconds: float, now: float) -> None:
        """Count one evaluation."""
        if seconds <= FREE_SECONDS:
            return
        if len(self._debts) >= _KEPT and organization not in self._debts:
            self._debts = {each: at for each, at in self._debts.items() if self._debt(each, now) > 0}
        self._debts[organization] = (self._debt(organization, now) + seconds - FREE_SECONDS, now)

    def _debt(self, organization: str, now: float) -> float:
        debt, since = self._debts.get(organization, (0.0, now))
        return max(debt - SHARE * (now - since), 0.0)
