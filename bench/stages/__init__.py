"""What each stage of a delivery costs in CPU, on its own and without a broker: where the microseconds go."""
