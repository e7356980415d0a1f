"""Exact plans of many commits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infrastructure.release.content import Content
from infrastructure.release.git import Clone
from infrastructure.release.images import Images
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.production import Production
from infrastructure.release.releases import Record
from infrastructure.release.report import as_data
from infrastructure.release.stack import PlatformStack
from tests.infrastructure.release.edits import Edit
from tests.infrastructure.release.expected_plan import (
    IN_PRODUCTION,
    as_json,
    as_list,
    ordered,
)
from tests.infrastructure.release.repository_of_tests import QUERY
from tests.infrastructure.release.table_of_commits import CASES, LOADS
from tests.samples.git_repository import Repository

pytestmark = pytest.mark.slow


def committed(repository: Repository, edit: Edit) -> str:
    """Return the commit that an edit of the house makes."""
    repository.git("switch", "--quiet", "--detach", "house")
    edit(repository)
    is_new = repository.git("rev-parse", "HEAD") != repository.git("rev-parse", "house")
    if not is_new or repository.git("status", "--porcelain"):
        repository.commit()
    return repository.git("rev-parse", "HEAD")


def data_of(content: Content, production: Production) -> dict[str, Any]:
    return ordered(json.loads(json.dumps(as_data(ReleasePlan.of(content, production)))))


@pytest.mark.parametrize("name", CASES)
def test_the_plan_of_a_commit(repository, content, name):
    case = CASES[name]
    commit = committed(repository, case.edit)
    base = repository.git("rev-parse", case.since)
    production = Production.after_release(content(base), Clone(repository.folder))
    tags = content(base).image_tag, content(commit).image_tag
    found = data_of(content(commit), production)
    assert found == as_json(case.expected, commit, tags)


def test_the_plan_of_the_first_commit_ever(repository, content):
    """CloudFormation has the stack, with an image that was made by hand."""
    first, clone = content("house"), Clone(repository.folder)
    by_hand = PlatformStack.made_from("data-platform", first.template, "repository:0")
    images = Images("repository", frozenset())
    production = Production((), by_hand, images, Record(()), clone)
    found = data_of(first, production)
    assert found["image"] == {
        "name": f"repository:{first.image_tag}",
        "build": True,
        "why": ["production has no image yet"],
    }
    assert found["deployments"] == {
        "create": IN_PRODUCTION,
        **{"update": {}, "delete": [], "unchanged": []},
    }
    assert found["stack"]["differences"] == as_list(
        {"ImageUri": ("repository:0", f"repository:{first.image_tag}")}
    )
    assert set(found["flows"]) == {*LOADS, "ping", "export"}
    assert set(found["flows"]["export"]) == {
        *(".dockerignore", "Dockerfile", "pyproject.toml", "uv.lock"),
        *("flows/__init__.py", "flows/export.py", "pipelines/__init__.py"),
        *(
            "pipelines/export.py",
            "sources/__init__.py",
            "sources/redshift/sql_files.py",
        ),
        *(QUERY, "utils/__init__.py", "utils/log.py"),
    }
    assert found["schedules_removed"] == [] and found["changes"]
