"""The plan of a change before it is merged: with a pull request, in a merge queue, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.github.repository import GitHub, new_repository

pytestmark = pytest.mark.slow

FLOW = "flows/hello_world.py"
OTHER = "flows/van.py"


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    """A repository with a branch that changes a flow."""
    github = new_repository(tmp_path)
    github.git("checkout", "-q", "-b", "a-branch")
    github.change(FLOW, "Host %s", "Another host: %s")
    github.commit("A flow says something else")
    return github


def change_another_flow(github: GitHub) -> str:
    """Commit a change of another flow, and return the commit."""
    with (github.origin / OTHER).open("a") as code:
        code.write("# a comment\n")
    return github.commit("Another flow has a comment")


def planned(github: GitHub, **event: str) -> set[str]:
    """Return which of the two flows' files the plan of the newest commit names."""
    summary = github.run("ci", "plan", **event).summary
    return {each for each in (FLOW, OTHER) if each in summary}


def test_by_hand_a_branch_is_planned_without_credentials(github):
    job = github.run("ci", "plan", ref="refs/heads/a-branch")
    assert FLOW in job.summary and "code of hello_world\n" in job.summary


def test_by_hand_main_has_nothing_to_merge(github):
    github.git("checkout", "-q", "main")
    assert "Nothing to change" in github.run("ci", "plan").summary


def test_of_a_pull_request_only_its_own_changes_are_planned(github):
    """GitHub checks out the branch merged into main, which may have moved since."""
    github.git("checkout", "-q", "main")
    change_another_flow(github)
    github.git("checkout", "-q", "-b", "merged", "main")
    github.git("merge", "-q", "--no-ff", "-m", "Merged", "a-branch")
    github.git("checkout", "-q", "main")
    github.change("README.md", "# Prefect", "# Prefect's")
    github.commit("Main goes on meanwhile")
    github.git("checkout", "-q", "merged")
    assert planned(github, ref="refs/pull/1/merge") == {FLOW}


def test_in_a_merge_queue_the_changes_before_it_are_not_planned(github):
    """Main has neither of the two yet."""
    before = github.git("rev-parse", "HEAD")
    change_another_flow(github)
    event = {"event.merge_group.base_sha": before}
    assert planned(github, ref="refs/heads/gh-readonly-queue/main/pr-2", **event) == {
        OTHER
    }
