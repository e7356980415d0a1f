"""Start of a run in the image, as on ECS: from the container's start to the first line.

A run of a deployment on a real server is executed by `python -m prefect.engine`. Prints
ratios of medians over interleaved runs:

- `hello_world` to its first line, against a flow that only logs a line.
  Goal: at most 1.1;
- `exchange_rates` to the start of its function, against a flow that also imports dlt.
  Goal: at most 1.1. Its first line, about extracted rows, is printed without a goal.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.repository.tree import copy_repository
from tests.servers.images import Container, buildah, built_image, image_settings
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ROUNDS = 7
FOLDER = "/app"

BARE_FLOW = """
from prefect import flow, get_run_logger
{imports}

@flow
def {name}():
    get_run_logger().info("here")
"""
# Prefect's last line before the function is called.
BEGINS = "View at"


@dataclass
class Start:
    """Flow, with the seconds until its function began and until it logged a line."""

    flow: str
    begins: list[float] = field(default_factory=list)
    logs: list[float] = field(default_factory=list)

    def report(self) -> None:
        print(
            f"{median(self.begins):6.2f} s ({min(self.begins):.2f} to"
            f" {max(self.begins):.2f}) until it begins, {median(self.logs):.2f} s"
            f" ({min(self.logs):.2f} to {max(self.logs):.2f}) until it logs: {self.flow}"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        # before Prefect is imported, which reads it then
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{free_port()}/api"
        os.environ["PREFECT_HOME"] = str(scratch / "home")
        os.environ |= image_settings(scratch)
        with (
            built_image(copy_repository(scratch / "clone")) as image,
            image.container() as container,
        ):
            add_bare_flows(container)
            compare(container, scratch)


def add_bare_flows(container: Container) -> None:
    for name, imports in (("bare", ""), ("bare_with_dlt", "import dlt")):
        file = container.files / "app" / "flows" / f"{name}.py"
        file.write_text(BARE_FLOW.format(name=name, imports=imports))
    buildah(
        *("run", "--user", "root", container.name, "--"),
        *("python", "-m", "compileall", "-q", "flows"),
    )


def compare(container: Container, scratch: Path) -> None:
    from prefect.client.orchestration import get_client

    from tests.servers.prefect import running_server

    starts = bare, hello, bare_with_dlt, load = [
        Start(name)
        for name in ("bare", "hello_world", "bare_with_dlt", "exchange_rates")
    ]
    with (
        running_server(scratch / "server", os.environ["PREFECT_API_URL"]),
        get_client(sync_client=True) as client,
    ):
        for round_ in range(ROUNDS + 1):
            for start in starts:
                begins, logs = measure(start.flow, container, client)
                if round_:  # the first fills the disk's cache
                    start.begins.append(begins)
                    start.logs.append(logs)
    for start in starts:
        start.report()
    ratio = median(hello.logs) / median(bare.logs)
    print(f"hello_world: {ratio:.2f} times a bare flow")
    ratio = median(load.begins) / median(bare_with_dlt.begins)
    print(f"exchange_rates: {ratio:.2f} times a bare flow that imports dlt")


def measure(
    flow: str, container: Container, client: SyncPrefectClient
) -> tuple[float, float]:
    """Measure the seconds until the function begins, and until it logs a line."""
    step = {"prefect.deployments.steps.set_working_directory": {"directory": FOLDER}}
    deployment = client.create_deployment(
        client.create_flow_from_name(flow),
        "start",
        entrypoint=f"flows.{flow}.{flow}",
        pull_steps=[step],
    )
    run = client.create_flow_run_from_deployment(deployment)
    command = container.command(
        *("python", "-m", "prefect.engine"),
        environment={
            "PREFECT_API_URL": os.environ["PREFECT_API_URL"],
            "PREFECT__FLOW_RUN_ID": str(run.id),
        },
    )
    started = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    for line in process.stdout:
        lines.append((time.monotonic() - started, line))
    if process.wait():
        sys.exit(f"{flow} failed:\n{''.join(line for _, line in lines)}")
    begins = next(number for number, (_, line) in enumerate(lines) if BEGINS in line)
    return lines[begins][0], lines[begins + 1][0]


if __name__ == "__main__":
    main()
