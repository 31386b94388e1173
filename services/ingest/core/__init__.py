"""Decisions of ingest: what an event batch, a configuration write or a request to enable amounts to."""
