"""From nothing to a completed run, with all at once that AWS may do one way or the other."""

from __future__ import annotations

import pytest

from tests.end_to_end.platform import running_stacks
from tests.fakes.http_server import Answer, serving
from tests.infrastructure.test_switches import EVERY
from tests.servers.postgres import new_database

ALONE = [pytest.param((each,), marks=pytest.mark.exhaustive) for each in EVERY]


@pytest.mark.parametrize(
    "switches",
    [pytest.param(EVERY, marks=pytest.mark.slow), *ALONE],
    ids=lambda switches: "every" if switches == EVERY else switches[0],
)
def test_a_run_completes_with_switches(postgres, tmp_path, switches):
    folder = tmp_path / "platform"
    with running_stacks(new_database(postgres), folder, switches=switches) as platform:
        platform.command("blocks", "apply")
        # Prefect takes the entrypoint for the flow's name
        only = ("-n", "flows.hello_world.hello_world/production")
        platform.command("prefect", "--no-prompt", "deploy", *only)
        address = platform.outputs["OutboundIpAddress"]
        with serving(lambda request: Answer(address.encode())) as service:
            run = platform.completed(
                "hello_world/production",
                job_variables={"env": {"CHECK_IP_URL": service.url}},
            )
        platform.wait_for_line(run.id, f"Outbound IP address {address}, as expected")
        # the worker was throttled, too, and went on
        starts = platform.cloud.calls(
            action="RunTask", who=platform.outputs["WorkerRoleArn"].rpartition("/")[2]
        )
        throttled = [each["status"] for each in starts if each["status"] != 200]
        assert bool(throttled) == ("throttled" in switches)
