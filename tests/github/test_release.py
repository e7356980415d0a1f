"""From a push to a completed run: the workflows' own steps, in their order.

In the fake AWS the job has the deploy role, and IAM judges its calls. Prefect's server
and the image are real.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.end_to_end.platform import (
    AUTH,
    DEPLOY_STACK,
    STACK,
    Platform,
    running_stacks,
)
from tests.fakes.aws import REGION
from tests.github.actions import Actions, install
from tests.github.runner import Runner
from tests.repository.tree import copy_repository, environment_of_a_newcomer
from tests.servers.images import Image, buildah
from tests.servers.postgres import Database, new_database
from tests.servers.programs import program

pytestmark = pytest.mark.slow

FLOW = "flows/hello_world.py"
DEPLOYMENT = "hello_world/production"
BUILT = [
    "This runner has the stack's processor",
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


@dataclass
class GitHub:
    """A repository and the machines of its jobs."""

    folder: Path
    platform: Platform | None = None
    jobs: list[Runner] = field(default_factory=list)

    @property
    def origin(self) -> Path:
        return self.folder / "origin"

    def git(self, *words: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
        return subprocess.run(
            command, cwd=self.origin, check=True, capture_output=True, text=True
        ).stdout.strip()

    def change(self, path: str, old: str, new: str) -> None:
        """Change a file without a commit."""
        text = (self.origin / path).read_text()
        assert old in text
        (self.origin / path).write_text(text.replace(old, new, 1))

    def commit(self, message: str) -> str:
        """Commit all changes, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def run(self, workflow: str, job: str) -> Runner:
        """Run a job of a workflow on the newest commit."""
        folder = self.folder / f"job{len(self.jobs)}"
        programs = folder / "bin"
        folder.mkdir()
        install(programs)
        machine = environment_of_a_newcomer(folder / "home") | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        variables = {}
        cloud = self.platform and self.platform.cloud
        if cloud:
            machine["AWS_ENDPOINT_URL"] = cloud.url
            role = cloud.outputs(DEPLOY_STACK)["DeployRoleArn"]
            variables = {"AWS_DEPLOY_ROLE_ARN": role, "AWS_REGION": REGION}
        runner = Runner(
            folder=folder,
            machine=machine,
            github={"sha": self.git("rev-parse", "HEAD")},
            variables=variables,
            actions=Actions(self.origin, cloud),
        )
        self.jobs.append(runner)
        return runner.run(workflow, job)


def new_repository(folder: Path) -> GitHub:
    """Return this repository with all its changes as one commit."""
    github = GitHub(folder)
    copy_repository(github.origin)
    github.git("init", "-q", "--initial-branch=main")
    github.commit("The first one")
    return github


@pytest.fixture
def production(
    postgres: Database, image: Image, tmp_path: Path
) -> Iterator[tuple[GitHub, Platform]]:
    """Production after a first release by hand, as in infrastructure/README.md."""
    for name in ("aws", "jq"):
        program(name)
    github = new_repository(tmp_path / "github")
    first = github.git("rev-parse", "HEAD")
    with running_stacks(new_database(postgres), tmp_path / "platform", first) as it:
        buildah("tag", image.name, it.image)
        it.cloud.run_tasks_in()
        it.command("blocks", "apply", "production", folder=github.origin)
        release = ("infrastructure.release", "apply", "deployments")
        it.command(*release, folder=github.origin)
        github.platform = it
        yield github, it
    repository = it.image.rpartition(":")[0]
    for commit in github.git("rev-list", "HEAD").split():
        # a commit that built no image has no such name
        subprocess.run(
            ["buildah", "rmi", f"{repository}:{commit}"], capture_output=True
        )


def test_a_branch_is_planned_without_credentials(tmp_path):
    github = new_repository(tmp_path)
    github.git("checkout", "-q", "-b", "a-branch")
    github.change(FLOW, "Host %s", "Another host: %s")
    github.commit("A flow says something else")
    job = github.run("ci", "plan")
    assert FLOW.replace("_", r"\_") in job.summary
    assert "deployment hello\\_world/production" in job.summary


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
    assert FLOW.replace("_", r"\_") in job.summary and commit[:12] in job.summary
    new = f"{platform.image.rpartition(':')[0]}:{commit}"
    assert set(images(platform).values()) == {workers_image(platform)} == {new}
    logs = platform.logs(platform.completed(DEPLOYMENT).id)
    assert f"Image {commit}" in logs
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
        client.read_variable_by_name("releases"),
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
