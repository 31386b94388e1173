"""Faults on purpose: a fleet under load is killed at random, broker included, and every event is accounted for.

What the trial knows of the fleet it has from outside: receivers' own logs, topics, the recorder's database, the log of
Kafka itself. Services are asked nothing about themselves but whether they are ready.
"""
