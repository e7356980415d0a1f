"""State of production: which deployments and images are this project's."""

from __future__ import annotations

import pytest

from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.git import Clone
from infrastructure.release.images import Images
from infrastructure.release.prefect_file import read_prefect_file
from infrastructure.release.production import Production
from infrastructure.release.releases import Record, Release
from infrastructure.release.stack import PlatformStack
from tests.repository.tree import ROOT
from tests.samples.git_repository import Repository
from tests.samples.pets_prefect_file import CODE, FILE
from utils.aws.stack import TEMPLATE


@pytest.fixture
def repository(tmp_path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write({"prefect.yaml": FILE})
    return repository


def deployment(image: str | None, *tags: str) -> ServerDeployment:
    fields = {"tags": [*tags], "job_variables": {"image": image}}
    return ServerDeployment("cats", "production", fields)


def test_a_deployment_is_own_by_its_tag_and_image(repository):
    own = deployment("registry/pets:1", "production")
    others = (
        deployment("registry/pets:2"),
        deployment("registry/other:3", "production"),
        deployment(None, "production"),
    )
    stack = PlatformStack("pets", "", "", {})
    images, clone = Images("registry/pets", frozenset()), Clone(repository.folder)

    production = Production((own, *others), stack, images, Record(()), clone)

    assert production.owns(own) and not any(map(production.owns, others))
    assert production.known_images == {"registry/pets:1"}


def test_the_released_file_is_that_of_the_latest_release(repository):
    latest, clone = repository.commit(), Clone(repository.folder)
    images = Images("registry/pets", frozenset())
    stack = PlatformStack("pets", "", "", {})
    for commit, text in ((latest, FILE), ("0" * 40, "")):
        record = Record((Release.now(commit, "registry/pets:1", "X86_64"),))
        production = Production((), stack, images, record, clone)
        assert production.released_prefect_file == text


def test_after_a_release_everything_is_as_in_the_commit(repository):
    commit = repository.commit()
    template = (ROOT / TEMPLATE).read_text()
    content = Content(commit, read_prefect_file(FILE), CODE, template, "a-b")

    production = Production.after_release(content, Clone(repository.folder))

    (image,) = production.known_images
    assert production.images.has(image) and production.stack.worker_image == image
    assert production.record.latest.commit == commit
    assert production.record.latest.is_finished
    assert production.stack.work_pool == "production"
