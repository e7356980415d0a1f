"""Record of releases, by which an earlier one is restored, and two at once do no harm.

Each release is a variable of Prefect's with the tag `release`, which Prefect's UI shows. Its
release alone writes it, and Prefect's server gives it its place among the others: by what it
is created, whenever that arrives. So the writes of a release that was stopped for a while
undo no other's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import Any, Collection, Literal
from uuid import uuid4

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.client.schemas.objects import Variable
from prefect.exceptions import ObjectNotFound

from infrastructure.release.stack import FIRST_PROCESSOR
from utils.errors import ClearError

TAG = "release"
# Of those that can be restored, and of those that were never begun.
KEPT = 10


@dataclass(frozen=True)
class Release:
    """A commit that was, or was to be, in production."""

    commit: str
    image: str
    at: str
    """Start of the release, as ISO 8601."""
    state: Literal["asked", "begun", "finished"] = "asked"
    processor: str = FIRST_PROCESSOR
    """Processor that the image was built for."""
    takes_back: str = ""
    """Commit whose release this one takes back."""
    name: str = ""
    """Name of its variable."""

    @classmethod
    def now(
        cls, commit: str, image: str, processor: str, takes_back: str = ""
    ) -> Release:
        """Return a release that starts now."""
        now = datetime.now(timezone.utc)
        name = f"release_{now:%Y%m%d_%H%M%S}_{commit[:8]}_{uuid4().hex[:8]}"
        at = now.isoformat("T", "seconds")
        return cls(commit, image, at, "asked", processor, takes_back, name)

    @property
    def is_finished(self) -> bool:
        """Whether production has all of it."""
        return self.state == "finished"

    def __str__(self) -> str:
        kind = "rollback to" if self.takes_back else "release of"
        return f"the {kind} {self.commit[:12]}, which began at {self.at}"


class Superseded(ClearError):
    """A release that ends, because another one has begun meanwhile."""

    def __init__(self, winner: Release, message: str) -> None:
        super().__init__(message)
        self.winner = winner


@dataclass(frozen=True)
class Record:
    """The releases that have begun, the newest first."""

    releases: tuple[Release, ...]

    @property
    def latest(self) -> Release | None:
        """The latest release, finished or not. A rollback is one, too."""
        return next(iter(self.releases), None)

    @property
    def restorable(self) -> tuple[Release, ...]:
        """The releases that led to production as it is, the newest first.

        Those that were taken back or never finished, and earlier ones of the same commit,
        are none of them, but the newest one is.
        """
        found: tuple[Release, ...] = ()
        for each in reversed(self.releases):
            gone = {each.commit, each.takes_back}
            kept = [one for one in found if one.is_finished and one.commit not in gone]
            found = (each, *kept)
        return found

    @property
    def images(self) -> set[str]:
        """Images of the releases."""
        return {each.image for each in self.releases}


def read_record(client: SyncPrefectClient) -> Record:
    """Return the releases that have begun.

    Raises:
        ClearError: A variable with the tag holds something else.
    """
    found = [_release(each) for each in _variables(client)]
    return Record(tuple(each for each in found if each.state != "asked"))


def begin(client: SyncPrefectClient, release: Release, known: Record) -> Release:
    """Record a release before it changes production, and return it as begun.

    Args:
        client: Prefect API client.
        release: Release to begin.
        known: Record on which its plan is based.

    Raises:
        Superseded: Another release has begun since then.
    """
    value: Any = _fields(release)
    client.create_variable(VariableCreate(name=release.name, value=value, tags=[TAG]))
    # Only then is it known whether this one came in time. It may have waited before each of
    # the three requests, so that each of them is followed by a look.
    for state in ("asked", "begun"):
        begun = replace(release, state=state)
        if state == "begun":
            _write(client, begun)
        names = {each.name for each in known.releases}
        others = [
            each for each in read_record(client).releases if each.name != begun.name
        ]
        if newer := [each for each in others if each.name not in names]:
            _delete(client, begun.name)
            raise Superseded(newer[0], _ended(begun, newer[0], "Nothing was changed."))
    return begun


def check_latest(client: SyncPrefectClient, release: Release) -> None:
    """Check that no other release has begun after this one.

    Raises:
        Superseded: Another one has begun.
    """
    latest = read_record(client).latest
    if latest and latest.name != release.name:
        raise Superseded(latest, _ended(release, latest))


def finish(client: SyncPrefectClient, release: Release) -> None:
    """Record that production has all of a release, and forget the oldest ones."""
    _write(client, replace(release, state="finished"))
    for each in _variables(client)[2 * KEPT :]:
        _delete(client, each.name)


def _ended(release: Release, other: Release, more: str = "") -> str:
    text = f"Meanwhile {other} has begun. So {release} ends here."
    return f"{text} {more}".strip()


def _variables(client: SyncPrefectClient) -> list[Variable]:
    """Return the variables of releases, the newest first by the server's clock."""
    wanted = {"variables": {"tags": {"all_": [TAG]}}}
    answer = client.request("POST", "/variables/filter", json=wanted)
    found = [Variable.model_validate(each) for each in answer.json()]
    return sorted(found, key=lambda each: str(each.created), reverse=True)


def _release(variable: Variable) -> Release:
    # Prefect's type of a variable's value does not say that it may be an object.
    value: Any = variable.value
    try:
        return Release(**value, name=variable.name)
    except TypeError as error:
        raise ClearError(
            f"Prefect's variable {variable.name} has the tag {TAG}, and is no release."
            " Nothing was changed. Delete it: a release that it was cannot be rolled back"
            " to."
        ) from error


def _fields(release: Release) -> dict[str, Any]:
    fields = asdict(release)
    del fields["name"]
    return fields


def _write(client: SyncPrefectClient, release: Release) -> None:
    value: Any = _fields(release)
    client.update_variable(VariableUpdate(name=release.name, value=value))


def _delete(client: SyncPrefectClient, name: str) -> None:
    try:
        client.delete_variable_by_name(name)
    except ObjectNotFound:  # Another release has forgotten it, too.
        pass
