"""The disabler: counts successive failed runs of each integration and is the only writer of its state."""
