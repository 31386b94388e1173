"""The demonstration: a fleet is crashed under load, and what became of every event is counted from outside."""
