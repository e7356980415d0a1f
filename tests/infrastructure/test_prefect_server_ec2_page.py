"""The page on Prefect's server, its part "On one EC2 machine": tables, links and commands.

The commands follow README's first steps in one shell, as for a reader. What the machine does
is tested end to end. The fake AWS has no sessions.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from tests.cloud.cloud import Cloud, running_cloud
from tests.infrastructure.readers_shell import readers_environment
from tests.infrastructure.templates import (
    INFRASTRUCTURE,
    SERVER_STACK,
    SERVERS,
    of_type,
    read,
)
from tests.infrastructure.test_readme import COMMANDS as OF_README
from tests.repository.tree import ROOT

PAGE = (INFRASTRUCTURE / "prefect_server.md").read_text()
SECTION = PAGE.partition("\n## On one EC2 machine\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
TEMPLATE = read(SERVERS["ec2"])
MACHINE = INFRASTRUCTURE / "control_plane/machine"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading of the section, without their heads."""
    part = SECTION.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    found = [line[1:-1].split("|") for line in part.splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in row] for row in found]
    return [row for row in cells if row[0].startswith("`")]


def test_parameters_and_outputs_are_those_of_the_template():
    parameters = [
        [f"`{name}`", f"`{each['Default']}`" if each.get("Default", "") != "" else ""]
        + [each["Description"]]
        for name, each in TEMPLATE["Parameters"].items()
    ]
    outputs = [
        [f"`{name}`", each["Description"]] for name, each in TEMPLATE["Outputs"].items()
    ]
    assert rows("Parameters and outputs of the machine") == parameters + outputs


def test_the_alarms_are_those_of_the_template():
    named = [row[0].strip("`") for row in rows("Alarms of the machine")]
    assert named == list(of_type(SERVERS["ec2"], "AWS::CloudWatch::Alarm"))


def test_times_and_scripts_are_those_of_the_machine():
    for name, time in (("backup", "2:30"), ("patch", "3:30")):
        timer = (MACHINE / f"data-platform-{name}.timer").read_text()
        assert f"OnCalendar=*-*-* 0{time}:00 UTC\n" in timer
        assert f"\n| {time} UTC | " in SECTION
    linked = re.findall("(?<=/opt/data-platform/)[a-z]+", SECTION)
    assert set(linked) == {"backup", "check", "compose", "restore"}
    assert (
        "for script in backup check compose restore; do"
        in (MACHINE / "start.sh").read_text()
    )


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", SECTION):
        assert (INFRASTRUCTURE / target).exists(), target
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {each.lower().replace(" ", "-").replace("'", "") for each in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", SECTION)) <= anchors


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Separate account, in which no task finds an image."""
    with running_cloud(tmp_path / "cloud") as cloud:
        cloud.run_tasks_in(image="localhost/no-such-image")
        yield cloud


@pytest.mark.exhaustive
def test_every_command_runs(cloud, tmp_path):
    # the address and `output`, the first two stacks, and the image: README's steps 1 to 4
    first = [each for each in OF_README[:6] if "create-secret" not in each]
    sessions = "aws ssm start-session "
    commands = [
        f"IMAGE=${{IMAGE}}2\n{each}" if "send-command" in each else each
        for each in COMMANDS
    ]
    lines = [line for each in [*first, *commands] for line in each.splitlines()]
    script = "\n".join(line for line in lines if not line.startswith(sessions))
    assert "docker push" in script and "send-command" in script
    script = script.replace("eu-central-1", cloud.environment["AWS_DEFAULT_REGION"])

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        env=readers_environment(tmp_path) | cloud.environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    assert SERVER_STACK not in {each["StackName"] for each in stacks}
    # what the page says remains
    bucket = done.stdout.splitlines()[-1]
    assert cloud.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    secrets = cloud.client("secretsmanager")
    key = secrets.get_secret_value(SecretId="prefect/api-key")["SecretString"]
    assert re.fullmatch(r"admin:[0-9a-f]{64}", key)
    assert key not in done.stdout + done.stderr
