"""dispatcher: matches events, waits out retries and posts to webhooks.

Four roles, each a consumer group of its own, in one process or apart: *match* (system events → delivery requests),
*send* (delivery requests → HTTP → outcomes), *ordered* (the same for runs that keep order) and *delay* (retry tiers →
due retries).
"""
