"""The recorder's decisions: what a record says as rows, how a run's row grows, where a page ends."""
