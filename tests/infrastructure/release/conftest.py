"""Fixtures of the tests of releases: production, and the repository of its commits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

if TYPE_CHECKING:
    from infrastructure.release.content import Content
    from tests.cloud.cloud import Cloud
    from tests.infrastructure.release.production import Production
    from tests.samples.git_repository import Repository


@pytest.fixture(scope="package")
def platform(
    cloud: Cloud, prefect_api: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Production]:
    """The stacks and the work pool, with IAM that decides."""
    from prefect.client.orchestration import get_client

    from infrastructure.release import code
    from tests.infrastructure.release.forked_reader import forked_reader
    from tests.infrastructure.release.production import Production
    from tests.infrastructure.release.repository_of_tests import new_repository

    folder = tmp_path_factory.mktemp("house")
    repository = new_repository(folder / "repository")
    with (
        get_client(sync_client=True) as client,
        cloud.enforcing(),
        forked_reader(folder) as run_script,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(code, "_run_script", run_script)
        platform = Production(cloud, repository, client)
        yield platform
        platform.remove()


@pytest.fixture
def production(platform: Production) -> Iterator[Production]:
    """Production without a release, and a clone at its first commit."""
    platform.repository.git("switch", "--quiet", "--detach", "house")
    platform.empty()  # of what other tests have left, too
    yield platform
    platform.empty()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Repository of a small project, whose first commit has the tag `house`."""
    from tests.infrastructure.release.repository_of_tests import new_repository

    return new_repository(tmp_path_factory.mktemp("house") / "repository")


@pytest.fixture(scope="module")
def content(repository: Repository) -> Iterator[Callable[[str], Content]]:
    """Function that reads a commit of the repository, each once."""
    from infrastructure.release import code
    from infrastructure.release.content import Content
    from infrastructure.release.git import Clone
    from tests.infrastructure.release.forked_reader import forked_reader

    clone = Clone(repository.folder)
    with (
        forked_reader(repository.folder.parent) as run_script,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(code, "_run_script", run_script)
        yield cache(lambda name: Content.of(clone, clone.commit(name)))
