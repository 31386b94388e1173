"""What matching one event costs while the rules of others grow in number, and what they cost in memory.

Rules stand ten to an event type and a hundred to an organization, each with a condition of its own. One of the ten
fires, and has an integration and a webhook. Events of ten organizations, spread over all, and of all their types come
in turn, as many at every size: what is asked is whether the rules of others cost them anything. (At 100 rules there is
one organization.) What is timed is the match stage itself, on batches of 500, with a producer that costs nothing; each
size has a process of its own.
"""

from bench.matching.measurement import MatchingCost, measure

__all__ = ["MatchingCost", "measure"]
