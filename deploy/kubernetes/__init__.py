"""Manifests of the fleet, and what writes those of them that repeat a table of the code."""
