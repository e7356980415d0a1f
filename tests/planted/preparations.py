"""What some failures need besides settings: a pool, a stack, a repository."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator

import boto3

from tests.fakes.aws import Aws
from tests.infrastructure.release.repository_of_tests import HEAD, new_repository
from tests.planted.values import Secret
from tests.repository.tree import ROOT
from tests.samples.git_repository import Repository
from tests.samples.platform_stack import NAME, OUTPUTS
from tests.servers.prefect_api import ask

Secrets = dict[str, Secret]
Preparation = Callable[[Path, str, Secrets], ContextManager[Path]]
"""Takes a folder, Prefect's API and secrets, and yields where the command starts."""

ADMINISTRATOR: dict[str, Any] = {
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
}
# moto knows these: each failure has a vault of its own.
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1"),
    *("ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    "sa-east-1",
)


@contextmanager
def nothing(folder: Path, api: str, planted: Secrets) -> Iterator[Path]:
    yield ROOT


@contextmanager
def pool_by_hand(
    folder: Path, api: str, planted: Secrets, name: str = "dev", kind: str = "process"
) -> Iterator[Path]:
    """Have a work pool into which somebody has written secrets."""
    template = {
        "job_configuration": {
            "command": f"python --password {planted['by_hand']}",
            "env": {"TOKEN": planted["by_hand_again"]},
        },
        "variables": {
            "type": "object",
            "properties": {
                "command": {"type": "string", "default": planted["by_hand"]},
                "env": {"type": "object", "default": {"T": planted["by_hand"]}},
                "image": {"type": "string", "default": planted["by_hand_again"]},
            },
        },
    }
    pool = {
        "name": name,
        "type": kind,
        "description": f"not {planted['by_hand']}",
        "base_job_template": template,
    }
    ask("DELETE", f"{api}/work_pools/{name}")
    ask("POST", f"{api}/work_pools/", json=pool).raise_for_status()
    yield ROOT
    ask("DELETE", f"{api}/work_pools/{name}")


@contextmanager
def repository(
    folder: Path, api: str, planted: Secrets, fault: dict[str, str] = {}
) -> Iterator[Path]:
    """Be in a repository whose prefect.yaml has secrets, which a commit changed."""
    made = new_repository(folder)
    _write(made, planted["in_yaml_before"], {})
    made.git("tag", "--force", "house")
    faulty = {key: text.format_map(planted) for key, text in fault.items()}
    _write(made, planted["in_yaml"], faulty)
    yield made.folder


def _write(made: Repository, secret: str, fault: dict[str, str]) -> None:
    variables = {
        "image": "{{ $IMAGE }}",
        "cpu": 256,
        "memory": 512,
        "env": {"TOKEN": secret},
        "command": f"python --password {secret}",
    }
    deployment = {
        "entrypoint": "flows.ping.ping",
        "description": f"Says {secret}.",
        "tags": ["production", secret],
        "parameters": {},
        "name": "production",
        "build": [],
        "pull": [
            {"prefect.deployments.steps.set_working_directory": {"directory": "/app"}}
        ],
        "work_pool": {"name": "production", "job_variables": variables},
        **fault,
    }
    made.write({"prefect.yaml": f"{HEAD}  - {json.dumps(deployment)}\n"})
    made.commit()


def prepare_aws(aws: Aws, region: str, needs: str, vault: dict[str, str]) -> None:
    """Put secrets, and a stack if it is needed, into a region."""
    client = partial(
        boto3.client, endpoint_url=aws.url, region_name=region, **ADMINISTRATOR
    )
    for name, content in vault.items():
        client("secretsmanager").create_secret(Name=name, SecretString=content)
    if needs.startswith("stack"):
        template = {
            "Resources": {"Anything": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
        }
        client("cloudformation").create_stack(
            StackName=NAME, TemplateBody=json.dumps(template)
        )


PREPARATIONS: dict[str, Preparation] = {
    "": nothing,
    "stack": nothing,
    "pool_by_hand": pool_by_hand,
    "stack_and_pool_by_hand": partial(pool_by_hand, name="production", kind="ecs"),
    "repository": repository,
    "repository_with_a_fault": partial(repository, fault={"tokne": "{by_hand}"}),
}
