"""What every service needs and none owns: messages, topics and policies (core), and the edge to the outside (adapters).

Services talk only through topics, so the one thing they may share is how a record is written, keyed, read and
accounted for. Nothing in here knows a service; a test forbids the import.
"""
