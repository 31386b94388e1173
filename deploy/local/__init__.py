"""The fleet on one machine: a real Kafka broker and the services as child processes."""
