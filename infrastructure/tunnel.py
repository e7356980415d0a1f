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
from typing import Iterator

import httpx

from utils.aws.stack import StackOutputs
from utils.errors import ClearError

PORT = 4200
SECONDS = 60.0
DOCUMENT = "AWS-StartPortForwardingSession"


@contextmanager
def reachable(api_url: str, server_stack: str) -> Iterator[str]:
    """Yield an address of Prefect's API that this machine can reach.

    Args:
        api_url: Address in the platform's network. One with https is public.
        server_stack: Stack of prefect_server_ec2.yml, whose machine a tunnel leads to.

    Raises:
        ClearError: There is no such stack, or no tunnel to its machine.
    """
    if api_url.startswith("https://") or _answers(api_url):
        yield api_url
        return
    machine = StackOutputs.named(server_stack)["InstanceId"]
    port = _free_port()
    here = f"http://127.0.0.1:{port}/api"
    command = _command(machine, port)
    # A session of its own, with the plugin that the AWS CLI starts.
    tunnel = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not _answers(here):
            if tunnel.poll() is not None or time.monotonic() > deadline:
                raise ClearError(
                    f"There is no tunnel to {machine}: {_last_line(tunnel)} Nothing was"
                    " changed. It takes the right ssm:StartSession, a machine that is"
                    " running, and on it Prefect's server (docker compose ps)."
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


def _command(machine: str, port: int) -> list[str]:
    if not shutil.which("aws") or not shutil.which("session-manager-plugin"):
        raise ClearError(
            "Prefect's server has no public address, and the AWS CLI with its Session"
            " Manager plugin is not installed. Nothing was changed. Install both."
        )
    ports = {"portNumber": [str(PORT)], "localPortNumber": [str(port)]}
    return [
        *("aws", "ssm", "start-session", "--target", machine),
        *("--document-name", DOCUMENT, "--parameters", json.dumps(ports)),
    ]


def _answers(api_url: str) -> bool:
    try:
        with httpx.Client(trust_env=False, timeout=3) as client:
            return client.get(f"{api_url}/health").is_success
    except httpx.HTTPError:
        return False


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
