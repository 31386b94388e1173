"""dispatcher: matches events, waits out retries and posts to webhooks.

Three roles, each a consumer group of its own, in one process or apart: *match* (system events → delivery requests),
*send* (delivery requests → HTTP → outcomes) and *delay* (retry tiers → due retries).
"""
