"""From a push to a completed run: the workflows' own steps, in their order.

In the fake AWS the job has the deploy role, and IAM judges its calls. Prefect's server
and the image are real.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from infrastructure.release.git import Clone
from infrastructure.release.images import read_content
from tests.end_to_end.platform import (
    AUTH,
    DEPLOY_STACK,
    STACK,
    Platform,
    running_stacks,
)
from tests.fakes.aws import REGION
from tests.github.repository import GitHub, new_repository
from tests.github.runner import Runner, StepFailed
from tests.servers.images import Image, buildah
from tests.servers.postgres import Database, new_database
from tests.servers.programs import program

pytestmark = pytest.mark.slow

FLOW = "flows/hello_world.py"
DEPLOYMENT = "hello_world/production"
BUILT = [
    "This runner has the stack's processor",
    "Log in to the image repository",
    "docker/setup-buildx-action",
    "Build the image",
    "A flow loads the packaged history in it",
    "Push the image",
]
PLANNED = [
    "actions/checkout",
    "uv",
    "Packages",
    "aws-actions/configure-aws-credentials",
    "Plan",
]
READS = ("BatchGet", "Describe", "Get", "List", "AssumeRoleWithWebIdentity")


@pytest.fixture
def production(
    postgres: Database, image: Image, tmp_path: Path
) -> Iterator[tuple[GitHub, Platform]]:
    """Production after a first release by hand, as in infrastructure/README.md."""
    for name in ("aws", "jq"):
        program(name)
    github = new_repository(tmp_path / "github")
    first = tag_of(github, "HEAD")
    with running_stacks(new_database(postgres), tmp_path / "platform", first) as it:
        buildah("tag", image.name, it.image)
        it.cloud.run_tasks_in()
        it.command("blocks", "apply", "production", folder=github.origin)
        release = ("infrastructure.release", "apply", "deployments")
        it.command(*release, folder=github.origin)
        github.cloud = it.cloud
        role = it.cloud.outputs(DEPLOY_STACK)["DeployRoleArn"]
        github.variables = {"AWS_DEPLOY_ROLE_ARN": role, "AWS_REGION": REGION}
        yield github, it
    repository = it.image.rpartition(":")[0]
    tags = {tag_of(github, each) for each in github.git("rev-list", "HEAD").split()}
    for tag in tags:
        # what was not built has no such name
        subprocess.run(["buildah", "rmi", f"{repository}:{tag}"], capture_output=True)


def tag_of(github: GitHub, commit: str) -> str:
    """Return the tag of a commit's image."""
    return read_content(Clone(github.origin), commit)


def test_from_a_push_to_a_completed_run_and_back(production):
    github, platform = production
    assert set(images(platform).values()) == {platform.image}

    github.change(FLOW, "Host %s", "Second release on %s")
    github.change("Dockerfile", "CMD", "# the worker moves\nCMD")
    commit = github.commit("A flow says something else, in an image of another recipe")
    job = github.run("main", "deploy")
    assert job.done == [
        *(*PLANNED, *BUILT, "Stack", "Work pool and blocks", "Deployments")
    ]
    assert "table: exchange_rates" in job.log
    assert FLOW in job.summary and commit[:12] in job.summary
    tag = tag_of(github, commit)
    new = f"{platform.image.rpartition(':')[0]}:{tag}"
    assert set(images(platform).values()) == {workers_image(platform)} == {new}
    logs = platform.logs(platform.completed(DEPLOYMENT).id)
    assert f"Image {tag}" in logs
    assert any("Second release on" in line for line in logs)

    github.change("README.md", "# Prefect", "# Prefect's")
    github.commit("Documentation")
    platform.cloud.forget_calls()
    before = state(platform)
    job = github.run("main", "deploy")
    assert job.done == [*PLANNED, "Work pool and blocks", "Deployments"]
    assert "Nothing to change" in job.summary
    assert state(platform) == before
    assert writes(platform) == set()

    job = github.run("rollback", "rollback")
    assert job.done == [*PLANNED[:-1], "Rollback"]
    assert set(images(platform).values()) == {platform.image}
    assert workers_image(platform) == platform.image

    # what was taken back comes again neither by itself nor with something else
    github.change("README.md", "# Prefect's", "# Prefect")
    github.commit("Documentation as it was")
    with pytest.raises(StepFailed, match=f"::error::The release of {commit} was taken"):
        github.run("main", "deploy")
    assert set(images(platform).values()) == {platform.image}
    github.git("revert", "--no-edit", commit)
    job = github.run("main", "deploy")
    assert job.done == [*PLANNED, "Work pool and blocks", "Deployments"]
    assert "Nothing to change" in job.summary
    assert set(images(platform).values()) == {platform.image}

    for job in github.jobs:
        assert_no_secret_is_shown(job)
        assert_no_step_hands_on_prefects_secret(job)


def images(platform: Platform) -> dict[str, str]:
    """Return the image of each deployment in production."""
    return {
        each.name + str(each.flow_id): each.job_variables["image"]
        for each in platform.client.read_deployments()
        if "production" in each.tags
    }


def workers_image(platform: Platform) -> str:
    """Return the image of the worker's service."""
    client = platform.cloud.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    values = {
        each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]
    }
    return values["ImageUri"]


def state(platform: Platform) -> dict[str, Any]:
    """Return the time of the last write to each object on Prefect's server."""
    client = platform.client
    found = [
        *client.read_deployments(),
        *client.read_work_pools(),
        *client.read_block_documents(),
        *client.read_variables(),
    ]
    return {str(each.id): each.updated for each in found}


def writes(platform: Platform) -> set[str]:
    """Return the deploy role's actions in AWS, except reads."""
    role = platform.cloud.outputs(DEPLOY_STACK)["DeployRoleArn"].rpartition("/")[2]
    actions = {each["action"] for each in platform.cloud.calls(who=role)}
    assert "DescribeStacks" in actions
    return {each for each in actions if not each.startswith(READS)}


def assert_no_secret_is_shown(job: Runner) -> None:
    """Check that no log, summary or plan has a secret, masked by GitHub or not."""
    files = [*job.temporary.glob("*.json"), *job.folder.glob("summary")]
    texts = [job.log, *(file.read_text() for file in files)]
    assert AUTH in job.masks and len(job.masks) == 4  # the other three are AWS's keys
    for mask in job.masks:
        assert not any(mask in each for each in texts), mask


def assert_no_step_hands_on_prefects_secret(job: Runner) -> None:
    """Check that the secret is not in the environment that later steps would have."""
    assert AUTH not in job.environment.values()
