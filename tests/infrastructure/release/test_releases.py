"""Record of releases in variables of a real Prefect server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

from infrastructure.release.releases import (
    KEPT,
    TAG,
    Record,
    Release,
    Superseded,
    begin,
    check_latest,
    finish,
    read_record,
)
from utils.errors import ClearError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


def forget(client: SyncPrefectClient) -> None:
    for variable in client.read_variables():
        if TAG in variable.tags:
            client.delete_variable_by_name(variable.name)


@pytest.fixture
def client(prefect_api: str) -> Iterator[SyncPrefectClient]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        forget(client)
        yield client
        forget(client)


def new(commit: str, takes_back: str = "", processor: str = "X86_64") -> Release:
    return Release.now(commit, "shop:1", processor, takes_back)


def release(client: SyncPrefectClient, commit: str, takes_back: str = "") -> None:
    finish(client, begin(client, new(commit, takes_back), read_record(client)))


def restorable(client: SyncPrefectClient) -> list[str]:
    return [each.commit for each in read_record(client).restorable]


def test_the_newest_releases_are_kept(client):
    assert read_record(client) == Record(())
    commits = [str(number) for number in range(2 * KEPT + 1)]
    for commit in commits:
        release(client, commit)
    assert restorable(client) == commits[:0:-1]


def test_a_release_is_recorded_as_it_was_made(client):
    made = new("1", processor="ARM64")
    begun = begin(client, made, Record(()))
    (found,) = read_record(client).releases
    assert found == begun and found.state == "begun" and found.processor == "ARM64"
    assert (found.commit, found.at, found.name) == (made.commit, made.at, made.name)
    finish(client, begun)
    assert read_record(client).latest.is_finished


def test_a_release_that_never_ended_is_none_to_go_back_to(client):
    release(client, "1")
    begin(client, new("2"), read_record(client))
    assert restorable(client) == ["2", "1"]
    release(client, "3")
    assert restorable(client) == ["3", "1"]


def test_a_commit_that_is_released_again_is_remembered_once(client):
    """A rollback would otherwise lead from it to itself."""
    for commit in ("1", "2", "2"):
        release(client, commit)
    assert restorable(client) == ["2", "1"]


def test_what_was_taken_back_is_none_to_go_back_to(client):
    for commit in ("1", "2", "3"):
        release(client, commit)
    release(client, "2", takes_back="3")
    assert restorable(client) == ["2", "1"]
    release(client, "1", takes_back="2")
    assert restorable(client) == ["1"]


def test_the_later_of_two_goes_on(client):
    before = read_record(client)
    older = begin(client, new("1"), before)
    check_latest(client, older)
    newer = begin(client, new("2"), read_record(client))
    with pytest.raises(Superseded, match="Meanwhile the release of 2, which began"):
        check_latest(client, older)
    check_latest(client, newer)
    # its end, which comes late, changes nothing of the other
    finish(client, older)
    check_latest(client, newer)


def test_a_release_that_was_planned_before_another_began_ends(client):
    before = read_record(client)
    newer = begin(client, new("2"), before)
    with pytest.raises(Superseded, match="release of 1, .* ends here. Nothing was"):
        begin(client, new("1"), before)
    check_latest(client, newer)
    assert [each.commit for each in read_record(client).releases] == ["2"]


@pytest.mark.parametrize("late", ["create", "update"])
def test_a_release_that_waits_at_its_first_writes_ends(client, late, monkeypatch):
    """The other one begins and ends meanwhile, and goes on unhurt while it lasts."""
    before = read_record(client)
    write = getattr(client, f"{late}_variable")
    newer: list[Release] = []

    def write_late(variable) -> None:
        monkeypatch.undo()
        newer.append(begin(client, new("2"), read_record(client)))
        write(variable)
        check_latest(client, newer[0])

    monkeypatch.setattr(client, f"{late}_variable", write_late)
    with pytest.raises(Superseded, match="Meanwhile the release of 2"):
        begin(client, new("1"), before)
    check_latest(client, newer[0])
    assert [each.commit for each in read_record(client).releases] == ["2"]


def test_a_variable_with_other_content(client):
    from prefect.client.schemas.actions import VariableCreate

    client.create_variable(VariableCreate(name="mine", value={"a": 1}, tags=[TAG]))
    with pytest.raises(
        ClearError, match="variable mine has the tag release, and is no"
    ):
        read_record(client)
