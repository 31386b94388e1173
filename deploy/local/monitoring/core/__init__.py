"""What is decided before a Prometheus runs."""
