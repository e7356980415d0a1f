"""Errors of the fake docker."""


class ComposeError(Exception):
    """Error that Docker Compose reports, too."""


class NotPlayed(Exception):
    """A feature of Docker that this fake does not have."""
