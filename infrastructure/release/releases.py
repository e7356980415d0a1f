"""History of releases, by which the previous release can be restored.

Prefect's variable `releases` keeps them, the newest first, and Prefect's UI shows it. A
release is recorded before production changes, so that a release that fails half-way is
known, too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from infrastructure.release.stack import FIRST_PROCESSOR
from utils.errors import ClearError

VARIABLE = "releases"
# A variable holds 5000 characters, a release takes about 200.
KEPT = 10


@dataclass(frozen=True)
class Release:
    """A commit that was, or was to be, in production."""

    commit: str
    image: str
    at: str
    """Start of the release, as ISO 8601."""
    finished: bool = False
    processor: str = FIRST_PROCESSOR
    """Processor that the image was built for."""

    @classmethod
    def now(cls, commit: str, image: str, processor: str) -> Release:
        """Return a release that starts now."""
        at = datetime.now(timezone.utc).isoformat("T", "seconds")
        return cls(commit, image, at, processor=processor)


def read_releases(client: SyncPrefectClient) -> list[Release]:
    """Return the recorded releases, the newest first.

    Raises:
        ClearError: The variable holds something else.
    """
    variable = client.read_variable_by_name(VARIABLE)
    if variable is None:
        return []
    # Prefect's type of a variable's value does not say that it may be a list of objects.
    value: Any = variable.value
    try:
        return [Release(**each) for each in value]
    except TypeError as error:
        raise ClearError(
            f"Prefect's variable {VARIABLE} is not a list of releases. Nothing was"
            " changed. Delete it: the next release creates it again, and is the first"
            " that can be rolled back to."
        ) from error


def write_releases(client: SyncPrefectClient, releases: list[Release]) -> None:
    """Record the newest of these releases."""
    value = [_fields(each) for each in releases[:KEPT]]
    if client.read_variable_by_name(VARIABLE) is None:
        client.create_variable(VariableCreate(name=VARIABLE, value=value))
    else:
        client.update_variable(VariableUpdate(name=VARIABLE, value=value))


def _fields(release: Release) -> dict[str, Any]:
    """Return a release's fields. The code of earlier commits does not know `processor`."""
    fields = asdict(release)
    if release.processor == FIRST_PROCESSOR:
        del fields["processor"]
    return fields


def begin_release(
    client: SyncPrefectClient, commit: str, image: str, processor: str
) -> None:
    """Record a release before it changes production.

    It replaces releases that never finished, and an earlier release of the same commit.
    """
    kept = read_releases(client)
    if kept and kept[0].commit == commit and not kept[0].finished:
        return
    while kept and (not kept[0].finished or kept[0].commit == commit):
        kept = kept[1:]
    write_releases(client, [Release.now(commit, image, processor), *kept])


def finish_release(client: SyncPrefectClient, commit: str) -> None:
    """Record that production has all of a release.

    A release that somebody else has begun meanwhile is left unchanged.
    """
    releases = read_releases(client)
    if releases and releases[0].commit == commit:
        write_releases(client, [replace(releases[0], finished=True), *releases[1:]])


def finish_begun_release(client: SyncPrefectClient, commit: str, image: str) -> None:
    """Record that a release which failed after its last change is complete.

    The commit and the image are those now released, which may be newer.
    """
    releases = read_releases(client)
    if releases and not releases[0].finished:
        finished = replace(releases[0], commit=commit, image=image, finished=True)
        write_releases(client, [finished, *releases[1:]])
