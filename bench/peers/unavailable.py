"""The one error of this package: a contender cannot take part, and the message says why."""


class Unavailable(Exception):
    """What is missing or did not build, in words fit for the published table."""
