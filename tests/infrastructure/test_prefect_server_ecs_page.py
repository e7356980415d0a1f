"""The page on Prefect's server, its part "On ECS": its tables, and every command is run.

The commands follow README's first steps in one shell, as for a reader. No task of theirs
starts: that is tested end to end.
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
SECTION = PAGE.partition("\n## On ECS\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
TEMPLATE = read(SERVERS["ecs"])
NO_IMAGE = "localhost/no-such-image"


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
    assert rows("Parameters and outputs") == parameters + outputs


def test_the_alarms_are_those_of_the_template():
    named = [row[0].strip("`") for row in rows("Alarms of the server")]
    path = SERVERS["ecs"]
    rules = of_type(path, "AWS::Events::Rule")
    assert named == [*of_type(path, "AWS::CloudWatch::Alarm"), *rules]


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
        cloud.run_tasks_in(image=NO_IMAGE)
        yield cloud


@pytest.mark.exhaustive
def test_every_command_runs(cloud, tmp_path):
    # the address and `output`, the first two stacks, and the image: README's steps 1 to 4
    first = [each for each in OF_README[:6] if "create-secret" not in each]
    lines = [line for each in [*first, *COMMANDS] for line in each.splitlines()]
    sessions = "aws ssm start-session "
    # no task runs that a session could reach
    script = "\n".join(line for line in lines if not line.startswith(sessions))
    assert len(script.splitlines()) == len(lines) - 1
    assert "docker push" in script and script.count("deploy --stack-name") == 7
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
    snapshots = cloud.client("rds").describe_db_snapshots()["DBSnapshots"]
    names = [each["DBSnapshotIdentifier"] for each in snapshots]
    assert [each for each in names if each.endswith("-final")]
    secrets = cloud.client("secretsmanager")
    key = secrets.get_secret_value(SecretId="prefect/api-key")["SecretString"]
    assert re.fullmatch(r"admin:[0-9a-f]{64}", key)
    assert key not in done.stdout + done.stderr


def test_no_password_is_in_the_history_or_among_the_processes():
    """`printf` is the shell's own, and the AWS CLI reads a file."""
    lines = [line for each in COMMANDS for line in each.splitlines()]
    handed_on = [line for line in lines if re.search(r"\$PASSWORD|rand -hex", line)]
    assert len(handed_on) == 4
    for line in handed_on:
        assert re.match(r"printf .* \| aws .* file:///dev/stdin", line), line
