"""What external mappings cost where they are kept: the table that sending asks, and the one for looking them up.

Mappings of one organization are fed record by record, as the ``config`` topic gives them. Each table and size has a
process of its own, for its memory is the growth of the process's resident set.
"""

from bench.mappings.measurement import MappingsCost, measure

__all__ = ["MappingsCost", "measure"]
