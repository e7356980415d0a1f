"""Tests an environment: versions, host, work pool and outbound IP address.

What: logs these, and loads nothing.

When: after every change to the infrastructure.

Again: safe at any time.

When it fails: the outbound address is not `EXPECTED_OUTBOUND_IP`, so a warehouse with
an allow-list refuses these flows. The message says where to look.
"""

import os
import platform
import socket
from importlib.metadata import version

from prefect import flow, task
from prefect.context import FlowRunContext

from utils.aws.outbound_address import outbound_address
from utils.errors.redacted import redacted_errors
from utils.runs.command_line import run_from_command_line
from utils.runs.logging import get_logger
from utils.runs.run_names import flow_run_name, task_run_name

ADDRESS = "Ask for the outbound IP address"


@task(name=ADDRESS, task_run_name=task_run_name(ADDRESS))
@redacted_errors
def find_outbound_address() -> str | None:
    return outbound_address()


@flow(name="hello_world", flow_run_name=flow_run_name, timeout_seconds=2 * 60)
@redacted_errors
def hello_world() -> None:
    """Log the versions, host, work pool and outbound IP address of a run."""
    address = find_outbound_address.submit()
    log = get_logger()
    log.info("Python %s", platform.python_version())
    log.info("Prefect %s", version("prefect"))
    log.info("dlt %s", version("dlt"))
    log.info("Image %s", os.environ.get("IMAGE_VERSION", "none, not in a container"))
    log.info("Host %s", socket.gethostname())
    log.info("Work pool %s", work_pool() or "none, run from a command line")
    compare(address.result(), os.environ.get("EXPECTED_OUTBOUND_IP") or None)


def work_pool() -> str | None:
    """Return the work pool's name, None for a run from a command line."""
    context = FlowRunContext.get()
    return context.flow_run.work_pool_name if context and context.flow_run else None


def compare(address: str | None, expected: str | None) -> None:
    """Log the address, and raise ValueError if it is not the expected one."""
    log = get_logger()
    if address is None:
        log.warning("Outbound IP address unknown: the service did not answer")
    elif expected is None:
        log.info("Outbound IP address %s", address)
    elif address == expected:
        log.info("Outbound IP address %s, as expected", address)
    else:
        raise ValueError(
            f"The outbound IP address is {address}, not {expected}: a warehouse that"
            " allows only the latter refuses these flows. On ECS, check that tasks run"
            " in private subnets with assignPublicIp DISABLED."
        )


if __name__ == "__main__":
    run_from_command_line(hello_world)
