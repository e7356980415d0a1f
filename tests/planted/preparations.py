"""What some failures need besides settings: a pool, a stack, a repository."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator

from prefect.blocks.webhook import Webhook
from pydantic import SecretStr

from tests.fakes.aws import Aws
from tests.fakes.vault import Vault
from tests.infrastructure.release.repository_of_tests import HEAD, new_repository
from tests.planted.values import Secret
from tests.repository.tree import ROOT, copy_repository
from tests.samples.git_repository import Repository
from tests.samples.platform_stack import create_stacks
from tests.servers.prefect_api import ask

Secrets = dict[str, Secret]
Values = dict[str, Any]
Preparation = Callable[[Path, str, Secrets], ContextManager[Values]]
"""Takes a folder, Prefect's API and secrets; yields values that settings and command name.

`cwd` is the folder in which the command starts, if not in the repository, `project` the
one of .dlt, if it has one already.
"""

# `python -m blocks` wants the pools dev and production on servers of their own.
POOLS = threading.Lock()
# moto knows these: each failure has a vault of its own.
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1"),
    *("ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    "sa-east-1",
)


@contextmanager
def nothing(folder: Path, api: str, planted: Secrets) -> Iterator[Values]:
    yield {}


@contextmanager
def no_pool(folder: Path, api: str, planted: Secrets) -> Iterator[Values]:
    """Have no work pool."""
    with POOLS:
        _remove_pools(api)
        yield {}


def _remove_pools(api: str) -> None:
    for name in ("dev", "production"):
        answer = ask("DELETE", f"{api}/work_pools/{name}")
        assert answer.status_code in (204, 404), answer.text


@contextmanager
def pool_by_hand(
    folder: Path, api: str, planted: Secrets, name: str = "dev", kind: str = "process"
) -> Iterator[Values]:
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
        "base_job_template": template,
    }
    with POOLS:
        _remove_pools(api)
        ask("POST", f"{api}/work_pools/", json=pool).raise_for_status()
        yield {}
        _remove_pools(api)


@contextmanager
def production_by_hand(folder: Path, api: str, planted: Secrets) -> Iterator[Values]:
    """Have a work pool and blocks into which somebody has written secrets."""
    hook = SecretStr(f"https://hooks.slack.com/services/T0/B0/{planted['by_hand']:url}")
    key = SecretStr(planted["by_hand_again"])
    with pool_by_hand(folder, api, planted, "production", "ecs"):
        documents = [
            Webhook(url=hook).save("slack"),
            Webhook(url=hook, headers={"X-Routing-Key": key}).save("pagerduty"),
        ]
        yield {}
        for each in documents:
            ask("DELETE", f"{api}/block_documents/{each}").raise_for_status()


@contextmanager
def deployed(folder: Path, api: str, planted: Secrets, name: str) -> Iterator[Values]:
    """Have a run of a deployment, which a worker's process is to execute."""

    def made(path: str, **content: Any) -> str:
        return (
            ask("POST", f"{api}/{path}", json=content).raise_for_status().json()["id"]
        )

    directory = {"directory": str(ROOT)}
    deployment = made(
        "deployments/",
        name="planted",
        flow_id=made("flows/", name=name),
        entrypoint=f"flows.{name}.{name}",
        pull_steps=[{"prefect.deployments.steps.set_working_directory": directory}],
    )
    yield {"flow_run": made(f"deployments/{deployment}/create_flow_run")}
    ask("DELETE", f"{api}/deployments/{deployment}").raise_for_status()


@contextmanager
def repository(
    folder: Path, api: str, planted: Secrets, fault: dict[str, str] = {}
) -> Iterator[Values]:
    """Be in a repository whose prefect.yaml has secrets, which a commit changed."""
    made = new_repository(folder)
    _write(made, planted["in_yaml_before"], {})
    made.git("tag", "--force", "house")
    faulty = {key: text.format_map(planted) for key, text in fault.items()}
    _write(made, planted["in_yaml"], faulty)
    yield {"cwd": made.folder}


@contextmanager
def clone(folder: Path, api: str, planted: Secrets) -> Iterator[Values]:
    """Be in a developer's clone. What git would take at the end is left."""
    made = Repository(folder)
    copy_repository(folder)
    made.commit()
    yield {"cwd": folder, "project": folder}
    made.git("add", "--all")
    taken = folder.with_name("left") / "git.diff"
    made.git("diff", "--cached", "--text", f"--output={taken}", "HEAD")


def _write(made: Repository, secret: str, fault: dict[str, str]) -> None:
    variables = {
        "image": "{{ $IMAGE }}",
        "cpu": 256,
        "memory": 512,
        "env": {"TOKEN": secret},
    }
    deployment = {
        "entrypoint": "flows.ping.ping",
        "description": "The flow ping, in production.",
        "tags": ["production"],
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
    there = replace(aws, region=region)
    for name, content in vault.items():
        Vault(there).put(name, content)
    if needs.startswith("stack"):
        create_stacks(there)


PREPARATIONS: dict[str, Preparation] = {
    "": nothing,
    "no_pool": no_pool,
    "stack": no_pool,
    "pool_by_hand": pool_by_hand,
    "stack_and_production_by_hand": production_by_hand,
    "deployed_hubspot": partial(deployed, name="hubspot"),
    "deployed_van": partial(deployed, name="van"),
    "clone": clone,
    "repository": repository,
    "repository_with_a_fault": partial(repository, fault={"tokne": "{by_hand}"}),
}
