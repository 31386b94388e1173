"""The demonstration's events and its bookkeeping, without a fleet."""
