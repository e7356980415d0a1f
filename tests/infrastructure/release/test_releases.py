"""History of releases in a variable of a real Prefect server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

from infrastructure.release.releases import (
    KEPT,
    VARIABLE,
    begin_release,
    finish_begun_release,
    finish_release,
    read_releases,
)
from utils.errors import ClearError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


@pytest.fixture
def client(prefect_api: str) -> Iterator[SyncPrefectClient]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        if client.read_variable_by_name(VARIABLE):
            client.delete_variable_by_name(VARIABLE)
        yield client
        if client.read_variable_by_name(VARIABLE):
            client.delete_variable_by_name(VARIABLE)


def history(client: SyncPrefectClient) -> list[tuple[str, bool]]:
    return [(each.commit, each.finished) for each in read_releases(client)]


def test_the_newest_releases_are_kept(client):
    assert history(client) == []
    commits = [str(number) for number in range(KEPT + 1)]
    for commit in commits:
        begin_release(client, commit, "shop:1", "X86_64")
        finish_release(client, commit)
    assert history(client) == [(commit, True) for commit in commits[:0:-1]]


def test_an_unfinished_release_is_replaced(client):
    for commit in ("1", "2", "2"):
        begin_release(client, commit, "shop:1", "X86_64")
    assert history(client) == [("2", False)]


def test_a_commit_that_is_released_again_is_remembered_once(client):
    """A rollback would otherwise lead from it to itself."""
    for commit in ("1", "2", "2"):
        begin_release(client, commit, "shop:1", "X86_64")
        finish_release(client, commit)
    assert history(client) == [("2", True), ("1", True)]


def test_releases_that_overlap_are_both_remembered(client):
    for commit in ("1", "2"):
        begin_release(client, commit, "shop:1", "X86_64")
    finish_release(client, "1")
    assert history(client) == [("2", False)]
    finish_release(client, "2")
    assert history(client) == [("2", True)]


def test_a_begun_release_is_finished_by_a_later_commit(client):
    finish_begun_release(client, "1", "shop:1")
    assert history(client) == []
    begin_release(client, "1", "shop:1", "X86_64")
    finish_begun_release(client, "2", "shop:2")
    assert history(client) == [("2", True)]


def test_the_processor_of_a_release_is_remembered(client):
    """The first one is not written, so that earlier commits can read the releases."""
    for commit, processor in (("1", "X86_64"), ("2", "ARM64")):
        begin_release(client, commit, "shop:1", processor)
        finish_release(client, commit)
    assert [each.processor for each in read_releases(client)] == ["ARM64", "X86_64"]
    newer, older = client.read_variable_by_name(VARIABLE).value
    assert newer["processor"] == "ARM64"
    assert "processor" not in older


def test_a_variable_with_other_content(client):
    from prefect.client.schemas.actions import VariableCreate

    client.create_variable(VariableCreate(name=VARIABLE, value="mine"))
    with pytest.raises(ClearError, match=f"{VARIABLE} is not a list of releases"):
        read_releases(client)
