"""Way to a Prefect server that has no public address, through Session Manager.

It takes the AWS CLI and its Session Manager plugin, which GitHub's runners have.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Iterator

import httpx

from utils.aws.client import NotThere, asking_aws, aws_client
from utils.aws.stack import SERVER_TEMPLATES, StackOutputs
from utils.errors import ClearError, sentence

PORT = 4200
SECONDS = 60.0
SECONDS_TO_ANSWER = 5.0
DOCUMENT = "AWS-StartPortForwardingSession"
CONTAINER = "server"


@dataclass(frozen=True)
class Target:
    """Target of a session: where Prefect's server listens."""

    id: str
    needs: str
    """What a tunnel to it takes, for errors."""


@contextmanager
def reachable(api_url: str, server_stack: str) -> Iterator[str]:
    """Yield an address of Prefect's API that this machine can reach.

    Args:
        api_url: Address of the API, public or in the foundation's network.
        server_stack: Stack of prefect_server_ec2.yml or prefect_server_ecs.yml, to whose
            server a tunnel leads if the address does not answer.

    Raises:
        ClearError: The address does not answer, and there is no tunnel to its server.
    """
    if not (silence := _silence(api_url)):
        yield api_url
        return
    target = _target(api_url, silence, server_stack)
    port = _free_port()
    here = f"http://127.0.0.1:{port}/api"
    command = _command(target, port)
    # A session of its own, with the plugin that the AWS CLI starts.
    tunnel = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while _silence(here):
            if tunnel.poll() is not None or time.monotonic() > deadline:
                raise ClearError(
                    f"There is no tunnel to {target.id}: {_last_line(tunnel)} Nothing"
                    f" was changed. It takes the right ssm:StartSession, {target.needs}"
                )
            time.sleep(0.2)
        yield here
    finally:
        # As Ctrl-C: it goes to both programs, of which only the plugin heeds it.
        _signal(tunnel, signal.SIGINT)
        try:
            tunnel.wait(10)
        except subprocess.TimeoutExpired:
            _signal(tunnel, signal.SIGKILL)


def _signal(tunnel: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the AWS CLI and its plugin, if they have not ended."""
    with suppress(ProcessLookupError):
        os.killpg(tunnel.pid, number)


def _command(target: Target, port: int) -> list[str]:
    if not shutil.which("aws") or not shutil.which("session-manager-plugin"):
        raise ClearError(
            "Prefect's server has no public address, and the AWS CLI with its Session"
            " Manager plugin is not installed. Nothing was changed. Install both."
        )
    ports = {"portNumber": [str(PORT)], "localPortNumber": [str(port)]}
    return [
        *("aws", "ssm", "start-session", "--target", target.id),
        *("--document-name", DOCUMENT, "--parameters", json.dumps(ports)),
    ]


def _silence(api_url: str) -> str:
    """Return why an address of Prefect's API does not answer, or nothing if it does.

    With https the certificate proves who answers. Then an answer that reports a failure,
    or comes late, is the server's own, and the command will tell it.
    """
    proved = api_url.startswith("https://")
    try:
        # with a proxy and certificates as Prefect's client, which has them for https
        with httpx.Client(trust_env=proved, timeout=SECONDS_TO_ANSWER) as client:
            answer = client.get(f"{api_url}/health")
    except httpx.ReadTimeout:
        return "" if proved else "it takes too long."
    except httpx.HTTPError as error:
        return sentence(str(error) or type(error).__name__)
    if proved or answer.is_success:
        return ""
    return f"it answers with the status {answer.status_code}."


def _target(api_url: str, silence: str, server_stack: str) -> Target:
    """Return the target of a tunnel to the server of a stack."""
    silent = f"Prefect at {api_url} does not answer: {silence}"
    try:
        stack = StackOutputs.named(server_stack, SERVER_TEMPLATES, "--server-stack")
        own = stack["PrefectApiUrl"]
        if own.rstrip("/") != api_url.rstrip("/"):
            raise ClearError(
                f"The stack {server_stack} has another server, {own}. Nothing was"
                " changed. Name the server's stack with --server-stack, or correct"
                " PrefectApiUrl of the platform's stack."
            )
        if stack["Kind"] == "ec2":
            return Target(
                stack["InstanceId"],
                "a machine that is running, and on it Prefect's server (docker compose"
                " ps).",
            )
        return _task(stack)
    except NotThere as error:
        raise ClearError(
            f"{silent} If it is public, see whether it runs. If not, the stack of its"
            f" server is missing. {error}"
        ) from error
    except ClearError as error:
        raise ClearError(f"{silent} {error}") from error


def _task(stack: StackOutputs) -> Target:
    """Return the container of the server on ECS, in Session Manager's words."""
    cluster, service = stack["ClusterArn"], stack["ServiceName"]
    if stack["Scheme"] != "internal":
        raise ClearError(
            f"The server of the stack {stack.name} is public, and no tunnel leads to it."
            f" Nothing was changed. See the events of the service {service} in ECS, and"
            " whether AllowedCidr lets this machine in."
        )
    ecs = aws_client("ecs")
    what = f"the server of the stack {stack.name}"
    nowhere = f"The stack {stack.name} names what is not there. Update it."
    with asking_aws(what, "ecs:ListTasks", nowhere):
        tasks = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
    found = []
    if tasks:
        with asking_aws(what, "ecs:DescribeTasks", nowhere):
            found = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
    for task in found:
        for container in task["containers"]:
            if container["name"] == CONTAINER and container.get("runtimeId"):
                names = (cluster, task["taskArn"])
                ids = [each.rpartition("/")[2] for each in names]
                return Target(
                    f"ecs:{'_'.join([*ids, container['runtimeId']])}",
                    "and Session Manager's agent in the container (managedAgents of aws"
                    " ecs describe-tasks), which starts some seconds after it.",
                )
    raise ClearError(
        f"No task of the service {service} runs. Nothing was changed. If it is being"
        " replaced, wait for some minutes. Otherwise see the service's events in ECS."
    )


def _last_line(tunnel: subprocess.Popen[bytes]) -> str:
    if tunnel.poll() is None:
        return "Prefect does not answer through it within a minute."
    assert tunnel.stderr
    lines = tunnel.stderr.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "the session has ended."


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
