"""Prefect's server on one EC2 machine that is the worker, too: from nothing to a run."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from tests.end_to_end.server_on_a_machine import (
    ROLE,
    ServerOnAMachine,
    running_machine,
)
from tests.servers.images import Image
from tests.servers.postgres import Database, new_database


@pytest.fixture(scope="module")
def machine(image: Image, postgres: Database) -> Iterator[ServerOnAMachine]:
    """The machine with everything that runs on it."""
    with running_machine(image, new_database(postgres)) as machine:
        yield machine


@pytest.mark.exhaustive
def test_a_run_completes_through_the_machine(machine):
    platform = machine.platform
    platform.wait_for_worker()
    platform.command("blocks", "apply", "production")
    names = ("--name=flows.hello_world.hello_world/production",)
    platform.command("prefect", "--no-prompt", "deploy", *names)
    run = platform.completed("hello_world/production")
    platform.wait_for_line(run.id, "Work pool production")
    # the machine's own role starts no tasks
    (started,) = machine.cloud.calls(action="RunTask")
    assert started["who"] == platform.outputs["WorkerRoleArn"].rpartition("/")[2]
    assert machine.cloud.calls(action="AssumeRole", who=ROLE)


@pytest.mark.exhaustive
def test_the_machine_tells_that_it_is_well(machine):
    machine.cloud.forget_calls()
    assert machine.script("check") == "The server is well.\n"
    (metric,) = machine.cloud.calls(action="PutMetricData")
    assert (metric["who"], metric["status"]) == (ROLE, 200)
    assert "Healthy" in str(metric["parameters"])


@pytest.mark.exhaustive
def test_a_backup_comes_back(machine):
    platform = machine.platform
    (before,) = platform.client.read_flow_runs()
    (address,) = machine.script("backup").splitlines()
    bucket, _, key = address.removeprefix("s3://").partition("/")
    assert bucket == machine.outputs["DumpBucketName"]
    backup = machine.cloud.client("s3").get_object(Bucket=bucket, Key=key)
    assert backup["Body"].read(5) == b"PGDMP"
    later = platform.start("hello_world/production")

    told = machine.script("restore", address)
    assert re.match(r"Restored: what Prefect knew at [\d-]+ [\d:]+ UTC\.\n", told)
    known = [run.id for run in platform.client.read_flow_runs()]
    assert before.id in known and later not in known
    assert machine.script("check") == "The server is well.\n"
    platform.wait_for_worker()
    platform.completed("hello_world/production")


@pytest.mark.exhaustive
def test_a_change_of_the_stack_reaches_the_machine(machine):
    machine.run("/opt/data-platform/control_plane/machine/update.sh")
    assert machine.asked("systemctl")[-1] == "systemctl start data-platform.service"
    machine.cloud.forget_calls()
    machine.cloud.update_stack("data-platform-server", RunsWorker="false")
    assert not machine.cloud.calls(action="RunInstances")
    machine.run("/opt/data-platform/control_plane/machine/update.sh")
    assert machine.asked("systemctl")[-1] == "systemctl restart data-platform.service"

    machine.run("/opt/data-platform/control_plane/machine/fetch.sh")
    running = machine.script("compose", "ps", "--services").split()
    assert running == ["database", "server"]
    assert machine.script("check") == "The server is well.\n"
