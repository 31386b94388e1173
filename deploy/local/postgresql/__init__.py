"""A PostgreSQL server on this machine for tests and benchmarks, from the installed programs or those of a wheel.

It is made for data that may be lost: nothing is flushed to disk. It listens on a socket in its own folder alone, which
only its user may enter, so it needs no port and no password.
"""

from deploy.local.postgresql.programs import ProgramsMissing, find_programs
from deploy.local.postgresql.server import PostgreSQL, PostgreSQLFailed, start_postgresql

__all__ = ["PostgreSQL", "PostgreSQLFailed", "ProgramsMissing", "find_programs", "start_postgresql"]
