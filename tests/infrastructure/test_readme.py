"""The README of infrastructure: its tables are the templates', and every command is run.

The commands are run in order, in one shell as a reader would: `aws` is the real AWS CLI
against the fake AWS, `docker` is a stand-in that pushes into the fake's repository, `uv`
one that keeps what it was asked, and `git status` one that finds no changes. What those
commands of uv do is tested end to end.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Iterator

import pytest
import yaml

from infrastructure.monthly_cost import tables
from tests.cloud.cloud import Cloud, running_cloud
from tests.infrastructure.readers_shell import readers_environment
from tests.infrastructure.templates import INFRASTRUCTURE, TEMPLATES, of_type, read
from tests.repository.tree import ROOT

README = (INFRASTRUCTURE / "README.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SECRET = "pnu_pasted by hand"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    section = README.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def test_the_stacks_are_the_templates():
    stacks = re.findall(r"^\| `([\w-]+)` \| \[(\w+\.yml)\]", README, re.MULTILINE)
    assert dict(stacks) == {name: path.name for name, path in TEMPLATES.items()}


def test_the_parameters_are_those_of_the_templates():
    expected = [
        [f"`{name}`", f"`{each['Default']}`" if each.get("Default", "") != "" else ""]
        + [each["Description"]]
        for stack, path in TEMPLATES.items()
        if stack != "data-platform-lake"
        for name, each in read(path)["Parameters"].items()
    ]
    assert rows("## Parameters") == expected


def test_the_outputs_are_those_of_the_templates():
    expected = [
        [f"`{stack}`", f"`{name}`", output["Description"]]
        for stack, path in TEMPLATES.items()
        for name, output in read(path)["Outputs"].items()
    ]
    assert rows("## Outputs") == expected


def test_the_alarms_are_those_of_the_templates():
    named = [row[0].strip("`") for row in rows("## Alarms")]
    alarms = {
        name
        for stack in ("data-platform-foundation", "data-platform")
        for kind in ("Events::Rule", "CloudWatch::Alarm", "Budgets::Budget")
        for name in of_type(TEMPLATES[stack], f"AWS::{kind}")
    }
    assert sorted(named) == sorted(alarms - {"TaskEventsRule"})


def test_the_secrets_are_those_of_the_example():
    """Compares sections with secrets. AWS holds a key in the secret, not in a file."""
    example = (ROOT / ".dlt" / "secrets.toml.example").read_text()
    sections = re.findall(
        r"^# \[([\w.]+)\]\n((?:# \w+ = .*\n)+)", example, re.MULTILINE
    )
    expected = [
        [f"`dlt/{section.replace('.', '/')}`"]
        + [", ".join(f"`{key}`" for key in re.findall(r"^# (\w+)", keys, re.MULTILINE))]
        for section, keys in sections
    ]
    found = [row[1:] for row in rows("## From nothing to a run")]
    in_a_file = [
        [each.replace("key_path`", "key`") for each in row] for row in expected
    ]
    assert sorted(found) == sorted(in_a_file)


def test_the_schedules_that_are_switched_on_are_named():
    (named,) = re.findall(r"switches on the schedules of (.*?)\.", README)
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    active = [
        deployment["entrypoint"].split(".")[1]
        for deployment in deployments
        for schedule in deployment.get("schedules", [])
        if schedule["active"]
    ]
    assert re.findall(r"`(\w+)`", named) == active, "step 6 names others"


def test_the_costs_are_those_computed():
    told = "put in what `uv run python -m infrastructure.monthly_cost` prints"
    section = README.partition("\n## What it costs\n")[2].partition("\n## ")[0]
    found = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert found == [f"{table}\n" for table in tables()], told


def test_links_lead_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert targets
    for target in targets:
        assert (INFRASTRUCTURE / target).exists(), target


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Separate account: the page creates and deletes stacks that other tests may have."""
    with running_cloud(tmp_path / "cloud") as cloud:
        yield cloud


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of a reader's shell."""
    return readers_environment(tmp_path) | {"WAREHOUSE_SECURITY_GROUP": ""}


@pytest.mark.slow
def test_every_command_runs(cloud, shell, tmp_path):
    client = cloud.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = client.create_security_group(
        GroupName="warehouse", Description="A warehouse's", VpcId=vpc
    )["GroupId"]
    table = client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    region = cloud.environment["AWS_DEFAULT_REGION"]
    script = "\n".join(COMMANDS).replace("eu-central-1", region)
    # the worker that the stack starts finds nobody there
    script = re.sub(r"(?<=PREFECT_API_URL=)https\S+", "http://127.0.0.1:9/api", script)
    (tmp_path / "secret.json").write_text('{\n  "password": "sesame"\n}\n')

    done = subprocess.run(
        ["bash", "-x", "-e", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        env=shell
        | cloud.environment
        | {"WAREHOUSE_SECURITY_GROUP": group}
        | {
            "COMPANY_VPC": vpc,
            "COMPANY_ROUTES": table,
            "COMPANY_RANGE": "10.99.0.0/16",
        },
        input=f"{SECRET}\n",
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    # Everything is deleted again, except what the page says.
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    assert not {each["StackName"] for each in stacks} & TEMPLATES.keys()
    addresses = [each["PublicIp"] for each in client.describe_addresses()["Addresses"]]
    (rule,) = client.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    (allowed,) = rule["IpPermissions"][0]["IpRanges"]
    address = allowed["CidrIp"].removesuffix("/32")
    assert f"\n{address}\n" in f"\n{done.stdout}"
    assert address not in addresses
    asked = (tmp_path / "stand-ins.log").read_text()
    assert re.search(
        r"docker push \S+/data-platform:[0-9a-f]{12}-[0-9a-f]{12}\n", asked
    )
    assert "uv run python -m blocks apply\n" in asked
    assert "uv run python -m infrastructure.release apply\n" in asked
    vault, name = (
        cloud.client("secretsmanager"),
        "dlt/destination/warehouse/credentials",
    )
    stored = vault.get_secret_value(SecretId=name)["SecretString"]
    assert json.loads(stored) == {"password": "sesame"}
    assert not (tmp_path / "secret.json").exists()


def test_a_secret_is_neither_in_the_history_nor_among_the_processes():
    """`printf` is the shell's own, and the AWS CLI reads a file."""
    one_line, many = [each for each in COMMANDS if "create-secret" in each]
    assert one_line.startswith('read -rs SECRET && printf %s "$SECRET" | aws ')
    assert "--secret-string file:///dev/stdin" in one_line
    assert "--secret-string file://$HOME/secret.json && rm " in many
