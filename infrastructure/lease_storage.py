"""Leases of concurrency limits, on the disk of Prefect's server.

A run of a deployment with a `concurrency_limit` holds a lease of five minutes, which it
renews while it runs. Prefect ends a run whose lease is gone. It keeps leases in the server's
memory, unless PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE names another module, such as this one.
"""

from __future__ import annotations

import time
from uuid import UUID

from prefect.server.concurrency.lease_storage import filesystem

# Prefect's client waits for up to 307 s between two attempts, if the server was away.
SECONDS_TO_RENEW = 330
_STARTED = time.monotonic()


class ConcurrencyLeaseStorage(filesystem.ConcurrencyLeaseStorage):
    """Prefect's own storage of files in PREFECT_HOME, which gives runs time after a start.

    While the server was away no run could renew its lease. Prefect's own storage would give
    all that expired to other runs at once, and the healthy runs would be ended.
    """

    async def read_expired_lease_ids(self, limit: int = 100) -> list[UUID]:
        """Return the leases that nobody has renewed, none shortly after the start."""
        if time.monotonic() < _STARTED + SECONDS_TO_RENEW:
            return []
        return await super().read_expired_lease_ids(limit)
