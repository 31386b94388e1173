"""The HTTP side of ingest, one module a topic: events, resources, apply, requests to enable, problems."""
