"""From an empty account to a worker that is served by Prefect's server on ECS. Only AWS is fake.

Each container is an image's, with the task definition's command, settings, secrets, volumes
and user. Instead of the load balancer its address leads to the server, which has a free port
of this machine, and instead of RDS the database is Debian's PostgreSQL. The official images
have stand-ins, because tests reach no registry.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator
from uuid import uuid4

import httpx

from tests.cloud.account import ACCOUNT
from tests.cloud.cloud import Cloud, running_cloud
from tests.end_to_end.platform import (
    AUTH,
    LAKE_STACK,
    SECONDS,
    STACK,
    Platform,
)
from tests.end_to_end.rds import Rds, running_rds
from tests.fakes.aws import REGION
from tests.infrastructure.first_stacks import create_deploy, create_foundation
from tests.infrastructure.templates import SERVER_STACK, SERVERS, TEMPLATES
from tests.repository.tree import ROOT
from tests.servers.docker.stand_ins import postgres_image, prefect_image
from tests.servers.images import Image, buildah
from tests.servers.ports import free_port
from tests.servers.postgres import Database, over_tcp
from tests.servers.waiting import until

HOST = "prefect.example.org"
POSTGRES = "docker.io/library/postgres:17.10-bookworm"


@dataclass
class ServerOnEcs:
    """A platform whose server is a stack, too."""

    platform: Platform
    outputs: dict[str, str]
    """Outputs of the server's stack."""
    rds: Rds
    port: int
    github: str
    """ARN of the role of GitHub's jobs."""

    @property
    def cloud(self) -> Cloud:
        return self.platform.cloud

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask the server, without its password."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", **options)

    def is_up(self) -> bool:
        try:
            return self.get("/api/health").is_success
        except httpx.HTTPError:
            return False

    def wait_for_server(self) -> dict[str, Any]:
        """Wait until the server answers, and return its task."""
        until(self.is_up, "Prefect's server", SECONDS, every=0.5)
        (task,) = self.tasks()
        return task

    def tasks(self) -> list[dict[str, Any]]:
        """Return the server's tasks, which has one or none."""
        named = {"serviceName": self.outputs["ServiceName"]}
        return self.cloud.tasks(self.outputs["ClusterArn"], **named)

    def leases(self) -> set[str]:
        """Return the names of the leases on the server's file system."""
        folder = self.cloud.folder / "file-systems"
        return {file.name for file in folder.glob("*/prefect/concurrency_leases/*-*")}

    def logged(self, prefix: str) -> list[str]:
        """Return what containers have logged, by the prefix of their streams."""
        events = self.cloud.client("logs").filter_log_events(
            logGroupName=self.outputs["LogGroupName"]
        )["events"]
        of_prefix = [
            each for each in events if each["logStreamName"].startswith(prefix)
        ]
        return [each["message"] for each in of_prefix]


def template(rds: Rds, port: int) -> str:
    """Return the server's template with this machine's database and port."""
    text = SERVERS["ecs"].read_text()
    for there, here in (
        ("!GetAtt Database.Endpoint.Address", "127.0.0.1"),
        ("!GetAtt Database.Endpoint.Port", f'"{rds.port}"'),
        ("4200", str(port)),
        (POSTGRES, postgres_image().name),
    ):
        assert there in text
        text = text.replace(there, here)
    return text


@contextmanager
def running_server_on_ecs(
    image: Image,
    warehouse: Database,
    folder: Path,
    runs: int = 10,
    scheme: str = "internet-facing",
) -> Iterator[ServerOnEcs]:
    """Set up everything in the order of infrastructure/prefect_server.md, without a worker.

    Args:
        image: The project's image.
        warehouse: The warehouse.
        folder: Working folder of the cloud.
        runs: Runs that the worker has at once.
        scheme: Scheme of the server's load balancer.
    """
    port, uri = free_port(), _tagged(image)
    with (
        running_rds() as rds,
        over_tcp(warehouse) as warehouse_url,
        running_cloud(folder / "cloud", at_once=runs) as cloud,
        cloud.enforcing(),
    ):
        cloud.run_tasks_in()  # the images that definitions name
        first = _make_what_comes_first(cloud, warehouse_url)
        repository, _, tag = uri.rpartition(":")
        assert repository == first["RepositoryUri"]
        cloud.push_image(first["RepositoryName"], tag)
        api_url = f"http://127.0.0.1:{port}/api"
        outputs = _make_platform(cloud, first, uri, api_url, runs)
        text, official = template(rds, port), prefect_image(image)
        of_server = _make_server(cloud, first, uri, text, official, scheme)
        rds.make_master_user(_password(cloud, of_server["DatabaseSecretArn"]))
        platform = Platform(cloud, api_url, ROOT, warehouse, outputs, uri)
        yield ServerOnEcs(platform, of_server, rds, port, first["DeployRoleArn"])


def _tagged(image: Image) -> str:
    """Give an image a name of ECR that no other session has.

    The name stays in the store: with its only name the image would go.
    """
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    uri = f"{registry}/data-platform:{uuid4().hex}"
    buildah("tag", image.name, uri)
    return uri


def _make_what_comes_first(cloud: Cloud, warehouse_url: str) -> dict[str, str]:
    """Make the first two stacks and the secrets; return what the others need."""
    made = create_deploy(cloud, STACK)
    create_foundation(cloud, STACK)
    made |= cloud.create_stack(LAKE_STACK, TEMPLATES[LAKE_STACK].read_text())
    create = cloud.client("secretsmanager").create_secret
    create(Name="dlt/destination/warehouse/credentials", SecretString=warehouse_url)
    key = create(Name="prefect/api-key", SecretString=AUTH)
    return made | {"ApiSecretArn": key["ARN"]}


def _make_platform(
    cloud: Cloud, first: dict[str, str], uri: str, api_url: str, runs: int
) -> dict[str, str]:
    text, limit = TEMPLATES[STACK].read_text(), '- --limit\n            - "10"'
    assert limit in text
    return cloud.create_stack(
        STACK,
        text.replace(limit, limit.replace("10", str(runs))),
        first["StackRoleArn"],
        ImageUri=uri,
        PrefectApiUrl=api_url,
        PrefectApiSecretArn=first["ApiSecretArn"],
        PrefectApiSecretVariable="PREFECT_API_AUTH_STRING",
        WarehouseType="postgres",
        LakeBucketName=first["BucketName"],
        MinimumWorkers="0",
    )


def _make_server(
    cloud: Cloud,
    first: dict[str, str],
    uri: str,
    text: str,
    official: Image,
    scheme: str,
) -> dict[str, str]:
    certificate = cloud.client("acm").request_certificate(DomainName=HOST)
    return cloud.create_stack(
        SERVER_STACK,
        text,
        HostName=HOST,
        Scheme=scheme,
        CertificateArn=certificate["CertificateArn"],
        AllowedCidr="0.0.0.0/0",
        ApiSecretArn=first["ApiSecretArn"],
        ImageUri=uri,
        ServerImage=official.name,
    )


def _password(cloud: Cloud, secret_arn: str) -> str:
    secrets = cloud.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=secret_arn)["SecretString"]
    return json.loads(secret)["password"]
