"""Production for the tests of releases: stacks, a work pool, and a repository to release.

Prefect's server is real. AWS is fake, and IAM decides by the rights of the deploy role.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import chdir, contextmanager, redirect_stdout, suppress
from io import StringIO
from typing import Any, Callable, Iterator

from botocore.exceptions import ClientError
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks.ecs_pool import production_pool
from blocks.server import Server
from infrastructure.release.__main__ import app
from infrastructure.release.git import Clone
from infrastructure.release.images import read_content, tag_of
from infrastructure.release.releases import TAG, Record, read_record
from tests.cloud.cloud import Cloud
from tests.fakes.aws import REGION
from tests.fakes.http_server import Answer, Api, Request, serving
from tests.infrastructure.first_stacks import create_deploy, create_foundation
from tests.infrastructure.templates import TEMPLATES
from tests.repository.tree import ROOT
from tests.samples.git_repository import Repository
from tests.servers.prefect_api import ask, forward
from tests.servers.python import python
from utils.aws.stack import TEMPLATE, StackOutputs

STACK = "shop"
VARYING = {"id", "created", "updated", "deployment_id"}
READS = ("/filter", "/count", "/history", "/paginate")


class Production:
    """Stacks and a work pool in production, and the release command."""

    def __init__(
        self, cloud: Cloud, repository: Repository, prefect: SyncPrefectClient
    ) -> None:
        self.cloud, self.repository, self.prefect = cloud, repository, prefect
        self.api_url = str(prefect.api_url)
        self.base = repository.commit("The house, once more")
        self._create_stacks()
        with self.environment():
            stack = StackOutputs.named(STACK)
            production_pool(stack, stack.foundation()).create(Server(prefect))

    def _create_stacks(self) -> None:
        texts = {name: path.read_text() for name, path in TEMPLATES.items()}
        create = self.cloud.create_stack
        deploy = create_deploy(self.cloud, STACK, GitHubRepository="acme/shop")
        create_foundation(self.cloud, STACK)
        lake = create(f"{STACK}-lake", texts["data-platform-lake"])
        self.registry, self.role = deploy["RepositoryUri"], deploy["DeployRoleArn"]
        self.bucket = lake["BucketName"]
        key = self.cloud.client("secretsmanager").create_secret(
            Name=f"prefect/{STACK}", SecretString="pnu_secret"
        )
        create(
            STACK,
            self.repository.read(TEMPLATE),
            deploy["StackRoleArn"],
            # it is in the repository only later, so that no worker starts
            ImageUri=self.image(self.base),
            PrefectApiUrl="http://127.0.0.1:9/api",
            PrefectApiSecretArn=key["ARN"],
            LakeBucketName=lake["BucketName"],
        )

    def remove(self) -> None:
        """Remove everything that was created in Prefect and AWS."""
        self.empty()
        self.prefect.delete_work_pool("production")
        stacks = (f"{STACK}{end}" for end in ("", "-lake", "-foundation", "-deploy"))
        for name in stacks:
            self.cloud.delete_stack(name)
        # what the stacks retain
        repository = self.registry.partition("/")[2]
        ecr = self.cloud.client("ecr")
        ecr.delete_repository(repositoryName=repository, force=True)
        self.cloud.client("s3").delete_bucket(Bucket=self.bucket)
        self.cloud.client("secretsmanager").delete_secret(
            SecretId=f"prefect/{STACK}", ForceDeleteWithoutRecovery=True
        )

    def empty(self) -> None:
        """Delete all deployments and the record of releases."""
        for deployment in self.prefect.read_deployments():
            self.prefect.delete_deployment(deployment.id)
        for variable in self.prefect.read_variables():
            if TAG in variable.tags:
                self.prefect.delete_variable_by_name(variable.name)

    def image(self, commit: str) -> str:
        """Return the name of a commit's image."""
        tag = read_content(Clone(self.repository.folder), commit)
        return f"{self.registry}:{tag}"

    def push(self, commit: str) -> str:
        """Push a commit's image, and return its name."""
        image = self.image(commit)
        with suppress(ClientError):  # it is there
            self.cloud.push_image(self.registry.partition("/")[2], tag_of(image))
        return image

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Set the environment of GitHub's job, with its role's rights, in this process."""
        before = dict(os.environ)
        os.environ.update(self._variables())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _variables(self) -> dict[str, str]:
        found = self.cloud.as_role(self.role).get_credentials().get_frozen_credentials()
        return {
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": found.access_key,
            "AWS_SECRET_ACCESS_KEY": found.secret_key,
            "AWS_SESSION_TOKEN": found.token,
        }

    def start(self, *words: str, api_url: str) -> subprocess.Popen[str]:
        """Start `python -m infrastructure.release` with these words, in the clone."""
        return subprocess.Popen(
            # -P: the clone has packages of the same names
            [python(), "-P", "-m", "infrastructure.release", *words]
            + ["--stack", STACK],
            cwd=self.repository.folder,
            env=os.environ
            | self._variables()
            | {"PREFECT_API_URL": api_url, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def release(self, *words: str, api_url: str = "") -> str:
        """Run the same command in this process, and return its output."""
        printed = StringIO()
        address = {PREFECT_API_URL: api_url or self.api_url}
        with (
            self.environment(),
            temporary_settings(address),
            chdir(self.repository.folder),
            redirect_stdout(printed),
        ):
            app([*words, "--stack", STACK])
        return printed.getvalue()

    def record(self) -> Record:
        """Return the releases that have begun."""
        return read_record(self.prefect)

    def deployments(self) -> dict[str, dict[str, Any]]:
        """Return the server's deployments as its API has them, by their full names."""
        url = self.api_url.rstrip("/")
        flows = {each.id: each.name for each in self.prefect.read_flows()}
        found = ask("POST", f"{url}/deployments/filter", json={}).raise_for_status()
        names = {str(flow): name for flow, name in flows.items()}
        return {
            f"{names[each['flow_id']]}/{each['name']}": each for each in found.json()
        }

    def settled(self) -> dict[str, dict[str, Any]]:
        """Return the deployments without ids and times, which differ each time."""
        return {name: _settled(each) for name, each in self.deployments().items()}

    @contextmanager
    def watched(
        self, instead: Callable[[Request], Answer | None] = lambda request: None
    ) -> Iterator[Api]:
        """Yield a proxy of Prefect's API that records its requests.

        Args:
            instead: What it answers to some requests, and does not do.
        """
        origin = self.api_url.rstrip("/").removesuffix("/api")

        def respond(request: Request) -> Answer:
            return instead(request) or forward(request, f"{origin}{request.path}")

        with serving(respond) as proxy:
            yield proxy


def writes(proxy: Api) -> list[Request]:
    """Return the requests that change something."""
    return [
        each
        for each in proxy.requests
        if each.method != "GET" and not each.path.endswith(READS)
    ]


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in VARYING}
        if str(kept.get("name", "")).startswith("deployment:"):
            kept["name"] = "deployment:..."  # a limit's, which has an id in it
        return {key: _settled(each) for key, each in kept.items()}
    if isinstance(value, list):
        return [_settled(each) for each in value]
    return value
