"""What speaks against the release of a commit, so that a person has to insist on it."""

from __future__ import annotations

from typing import Iterator

from infrastructure.release.git import Clone
from infrastructure.release.releases import Record


def objections(clone: Clone, commit: str, record: Record) -> Iterator[str]:
    """Yield each objection in a sentence that says what to do.

    Args:
        clone: Git clone that has the commit.
        commit: Full id of the commit to release.
        record: Releases up to now.
    """
    latest = record.latest
    if latest and not clone.find(latest.commit):
        yield (
            f"The latest release is of {latest.commit}, which is not in this clone: get it"
            " with `git fetch`, or in a shallow clone with `git fetch --unshallow`."
        )
    elif latest and not clone.contains(commit, latest.commit):
        if clone.contains(latest.commit, commit):
            yield (
                f"The commit {commit} is older than the latest release, {latest.commit}."
                " `rollback` restores the release before the latest one. Or revert the"
                " newer commits, and release the revert."
            )
        else:
            missing = len(clone.commits_between(commit, latest.commit))
            yield (
                f"The commit {commit} lacks {missing} of the commits of the latest release,"
                f" {latest.commit}, and would undo them: merge that first."
            )
    yield from _taken_back(clone, commit, record)


def _taken_back(clone: Clone, commit: str, record: Record) -> Iterator[str]:
    """Yield the releases that were taken back and that the commit has nevertheless."""
    again: list[str] = []
    for each in record.releases:
        bad, restored = each.takes_back, each.commit
        if not bad:
            again += [restored] if each.is_finished else []
        elif clone.find(bad) and clone.contains(commit, bad):
            released_again = any(
                clone.find(one) and clone.contains(one, bad) for one in again
            )
            if not released_again and not _is_reverted(clone, commit, bad, restored):
                yield (
                    f"The release of {bad} was taken back at {each.at}, and this commit has"
                    f" it again. Revert it with `git revert {bad[:12]}`."
                )


def _is_reverted(clone: Clone, commit: str, bad: str, restored: str) -> bool:
    """Return whether a release's changes are gone, by git's words or by the files."""
    if not clone.find(restored):
        return False
    changed = clone.changed_files(restored, bad)
    if not changed & clone.changed_files(restored, commit):
        return True
    released = clone.commits_between(restored, bad)
    later = clone.commits_between(bad, commit).values()
    return any(
        f"This reverts commit {each}" in text for each in released for text in later
    )
