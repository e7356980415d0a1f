"""Stops a backfill whose chunks all fail for the same reason, such as a wrong key."""

from __future__ import annotations

import re

from utils.backfill.progress import BackfillProgress, ChunkRun
from utils.runs.logging import get_logger

# Ids, then days and numbers, which differ from chunk to chunk. Not an answer's status.
ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
NUMBER = re.compile(r"(?![1-5]\d\d\b(?![.,:/-]\d))\b\d([\d.,:/TZ_-]*\d)?")


class EarlyStop:
    """Chooses the chunks to start. After failures that are alike it starts no more.

    While no chunk has succeeded, and those that ended have failed for the same reason, it
    starts no more than `at_once` of them, at least two. When these have ended it tries the
    last chunk: a reason that lies in the first days is not there. If that fails for the same
    reason, it stops.
    """

    def __init__(self, progress: BackfillProgress, at_once: int) -> None:
        self._progress = progress
        self._at_once = at_once
        self._enough = max(at_once, 2)
        self._tried: ChunkRun | None = None

    def to_start(self) -> list[ChunkRun]:
        """Return the chunks to start now."""
        progress = self._progress
        left, running = progress.to_start, len(progress.in_progress)
        free = max(self._at_once - running, 0)
        if not left or not self._failed_alike():
            return left[:free]
        if again := [each for each in left if each.starts]:
            return again[:free]
        started = sum(each.starts > 0 for each in progress.chunks)
        if started < self._enough:
            return left[: min(free, self._enough - started)]
        if running:
            return []
        reason = progress.failed[0].reason
        if self._tried is None:
            self._tried = left[-1]
            get_logger().warning(
                "%d chunks failed for the same reason. Before others the last one is tried"
                ": %s",
                *(len(progress.failed), self._tried.chunk),
            )
            return [self._tried]
        progress.was_stopped = True
        get_logger().error(
            "All %d chunks that were tried failed for the same reason, also the last one."
            " The other %d are not started: %s",
            *(len(progress.failed), len(left), reason),
        )
        return []

    def _failed_alike(self) -> bool:
        """Return whether chunks failed for one reason, and none has succeeded."""
        progress = self._progress
        reasons = {normalised(each.reason) for each in progress.failed}
        has_success = len(progress.done) > progress.done_before
        return not has_success and len(reasons) == 1 and "" not in reasons


def normalised(reason: str) -> str:
    """Return a reason without what differs from chunk to chunk."""
    return NUMBER.sub("#", ID.sub("#", reason))
