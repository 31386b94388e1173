"""The edge to the outside, one module a concern: Kafka, settings, logs, metrics, health, lifecycle, sealing, clock."""
