"""The `hookfleet` command, one module a group of commands."""
