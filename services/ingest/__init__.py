"""ingest: the write side and the home of every resource.

Events and configuration come in over HTTP and go onto topics; what was answered with success is durable.
Events take the ordinary producer; configuration goes through one fenced transactional writer
(`services.ingest.config_writer`).
"""
