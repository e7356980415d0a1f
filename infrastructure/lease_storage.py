"""Leases of concurrency limits, on the disk of Prefect's server.

A run of a deployment with a `concurrency_limit` holds a lease of five minutes, which it
renews while it runs. Prefect ends a run whose lease is gone. It keeps leases in the server's
memory, unless PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE names another module, such as this one.

`python -m infrastructure.lease_storage 2026-12-01T02:00:00+00:00` belongs to the restore of a
backup of that time, while the server is stopped: it forgets what the backup does not know.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect.server.concurrency.lease_storage import (
    ConcurrencyLimitLeaseMetadata,
    filesystem,
)
from prefect.server.utilities.leasing import ResourceLease

# Prefect's client waits for up to 307 s between two attempts, if the server was away.
SECONDS_TO_RENEW = 330
# Longer than a run whose machine is lost stays Running.
KEPT = timedelta(days=7)
_STARTED = time.monotonic()


class ConcurrencyLeaseStorage(filesystem.ConcurrencyLeaseStorage):
    """Prefect's own storage of files in PREFECT_HOME, but for two points.

    Runs get time to renew their leases after a start: while the server was away no run
    could, and Prefect's own storage would give all that expired to other runs at once.

    A lease gives its slot back once. If it has expired and its run ends later, Prefect finds
    no lease, and takes the slot of another run instead.
    """

    async def read_expired_lease_ids(self, limit: int = 100) -> list[UUID]:
        """Return the leases that nobody has renewed, none shortly after the start."""
        if time.monotonic() < _STARTED + SECONDS_TO_RENEW:
            return []
        return await super().read_expired_lease_ids(limit)

    async def revoke_lease(self, lease_id: UUID) -> None:
        """Remove a lease whose slot has been given back, and remember it for a week."""
        lease_file = self._lease_file_path(lease_id)
        if lease_file.exists():
            lease = json.loads(lease_file.read_text())
            lease["metadata"] = {"slots": 0}
            folder = self._released / str(datetime.now(UTC).date())
            if not folder.exists():
                self._forget_old()
                folder.mkdir(parents=True)
            (folder / lease_file.name).write_text(json.dumps(lease))
        await super().revoke_lease(lease_id)

    async def read_lease(
        self, lease_id: UUID
    ) -> ResourceLease[ConcurrencyLimitLeaseMetadata] | None:
        """Return a lease. One that was removed has no slots left to give back."""
        lease = await super().read_lease(lease_id)
        if lease is None:
            for file in self._released.glob(f"*/{lease_id}.json"):
                return self._deserialize_lease(json.loads(file.read_text()))
        return lease

    def forget_since(self, backup: datetime) -> None:
        """Forget the leases of runs that a restored database does not know.

        At their next renewal such runs end. Of the others it knows who had a slot.
        """
        shutil.rmtree(self._released, ignore_errors=True)
        for file in self.storage_path.glob("*-*.json"):
            if (
                datetime.fromisoformat(json.loads(file.read_text())["created_at"])
                > backup
            ):
                file.unlink()

    @property
    def _released(self) -> Path:
        return self.storage_path / "released"

    def _forget_old(self) -> None:
        oldest = datetime.now(UTC).date() - KEPT
        for folder in self._released.glob("*"):
            if date.fromisoformat(folder.name) < oldest:
                shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    ConcurrencyLeaseStorage().forget_since(datetime.fromisoformat(sys.argv[1]))
