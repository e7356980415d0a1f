"""Which commits were released, so that the one before can be put back.

Prefect keeps them as its variable `releases`, which its UI shows: the newest first. A
release is written there before anything of production is touched, so that one which
failed half-way is known, too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from utils.errors import ClearError

VARIABLE = "releases"
KEPT = 10  # of some 200 characters each, of the 5000 that a variable may have


@dataclass(frozen=True)
class Release:
    """A commit whose deployments are in production, or were to be."""

    commit: str
    image: str
    at: str
    """When, as ISO 8601."""
    finished: bool = False

    @classmethod
    def now(cls, commit: str, image: str) -> Release:
        """One that begins."""
        return cls(commit, image, datetime.now(timezone.utc).isoformat("T", "seconds"))


def read_releases(client: SyncPrefectClient) -> list[Release]:
    """The newest first.

    Raises:
        ClearError: Somebody wrote something else into the variable.
    """
    variable = client.read_variable_by_name(VARIABLE)
    if variable is None:
        return []
    try:
        return [Release(**each) for each in variable.value]
    except TypeError as error:
        raise ClearError(
            f"Prefect's variable {VARIABLE} is not what releases are kept as. Nothing was"
            " changed. Delete it: the next release makes it anew, and can be rolled back"
            " to from then on."
        ) from error


def write_releases(client: SyncPrefectClient, releases: list[Release]) -> None:
    """Keep the newest of them."""
    value = [asdict(each) for each in releases[:KEPT]]
    if client.read_variable_by_name(VARIABLE) is None:
        client.create_variable(VariableCreate(name=VARIABLE, value=value))
    else:
        client.update_variable(VariableUpdate(name=VARIABLE, value=value))


def begin(client: SyncPrefectClient, commit: str, image: str) -> None:
    """Remember a release before anything of it is in production.

    It takes the place of those that never ended, and of itself, if it is done again.
    """
    kept = read_releases(client)
    if kept and kept[0].commit == commit and not kept[0].finished:
        return
    while kept and (not kept[0].finished or kept[0].commit == commit):
        kept = kept[1:]
    write_releases(client, [Release.now(commit, image), *kept])


def end(client: SyncPrefectClient, commit: str) -> None:
    """Remember that all of the release is in production."""
    releases = read_releases(client)
    if releases and releases[0].commit == commit:  # and nobody else's, begun meanwhile
        write_releases(client, [replace(releases[0], finished=True), *releases[1:]])


def end_what_was_begun(client: SyncPrefectClient, commit: str, image: str) -> None:
    """Remember that production has all of this commit already.

    Where a release failed after its last change, it may have been another commit's.
    """
    releases = read_releases(client)
    if releases and not releases[0].finished:
        ended = replace(releases[0], commit=commit, image=image, finished=True)
        write_releases(client, [ended, *releases[1:]])
