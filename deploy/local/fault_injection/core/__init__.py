"""What the trial sends, and what its faults explain, without a fleet."""
