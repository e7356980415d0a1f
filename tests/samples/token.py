"""Source `pets` that needs one secret, its token."""

from __future__ import annotations

import dlt


@dlt.source(name="pets", section="pets")
def by_token(token: str = dlt.secrets.value):
    @dlt.resource
    def pets():
        yield token

    return pets


def token() -> str:
    """Return the token as dlt has found it for the source."""
    return next(iter(by_token()))
