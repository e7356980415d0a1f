"""Plans as lines, tables and Markdown. test_plan_of_commits.py compares the JSON."""

from __future__ import annotations

from dataclasses import asdict, replace
from io import StringIO

import pytest
from rich.console import Console

from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.images import ImageChoice
from infrastructure.release.plan import ReleasePlan, Update
from infrastructure.release.report import as_data, lines, markdown, summary, table
from infrastructure.release.stack import PlatformStack, StackChange
from infrastructure.release.stack.by_hand import StackByHand
from infrastructure.release.stack.resource_changes import PropertyChange, ResourceChange
from utils.reports.differences import Difference

OLD, NEW = "registry/shop:" + "a" * 40, "registry/shop:" + "b" * 40
SCHEDULE = {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "day_or": True}
IMAGE = Difference("job_variables.image", OLD, NEW)
VERSION = Difference("version", "aaaaaaaa", "bbbbbbbb")


def deployed(name: str, *schedules: dict) -> ServerDeployment:
    return ServerDeployment(name, "production", {"schedules": [*schedules]})


def update(name: str, *more: Difference) -> Update:
    return Update(deployed(name), deployed(name), (IMAGE, VERSION, *more))


@pytest.fixture
def plan() -> ReleasePlan:
    stack = PlatformStack("data-platform", "UPDATE_COMPLETE", "", {})
    changed = [
        Difference("Resources.WorkerTask.Properties.Cpu", "256", "512"),
        Difference("Resources.WorkerTask.Properties.Memory", "1024", "2048"),
        Difference("ImageUri", OLD, NEW),
    ]
    schema = Difference("parameter_openapi_schema.properties.day.default", "1", "2")
    return ReleasePlan(
        commit="b" * 40,
        image=ImageChoice(NEW, build=True, why=("flows/a|b.py", "uv.lock")),
        stack=stack,
        stack_change=StackChange("", NEW, tuple(changed)),
        create=(deployed("new"),),
        update=(
            update("rates"),
            update("orders", Difference("tags.1", "old", ""), schema),
            update("van"),
        ),
        delete=(deployed("gone", SCHEDULE),),
        unchanged=(deployed("same"),),
        flows={"rates": ("flows/a|b.py",), "van": ("flows/a|b.py",)},
    )


def test_lines_for_a_log(plan):
    assert lines(plan) == """\
image bbbbbbbbbbbb: build
  flows/a|b.py
  uv.lock
stack data-platform: update
  Resources.WorkerTask
  the worker's image: aaaaaaaaaaaa -> bbbbbbbbbbbb
flow rates, flow van: new code
  flows/a|b.py
deployment new/production: create
deployment rates/production, deployment van/production: update
  image: aaaaaaaaaaaa -> bbbbbbbbbbbb
deployment orders/production: update
  image: aaaaaaaaaaaa -> bbbbbbbbbbbb
  tags.1: old -> none
  parameter schema: 1 change
deployment gone/production: delete
schedule of gone/production: delete
  0 6 * * * Europe/Berlin
1 deployment: unchanged
Release of commit bbbbbbbbbbbb: build the image, update the stack, create 1 deployment,\
 update 3 deployments, delete 1 deployment."""


def test_the_stacks_resources_and_those_of_a_person(plan):
    cpu = PropertyChange("Cpu", "256", "512", "always")
    task = ResourceChange("WorkerTask", "AWS::ECS::TaskDefinition", "replace", (cpu,))
    output = Difference("Outputs.Zone.Value", "", "a")
    change = replace(
        plan.stack_change,
        differences=(*plan.stack_change.differences, output),
        resources=(task,),
    )
    bucket = Difference("Resources.Bucket.Properties.BucketName", "", "mine")
    right = "s3:GetObject of Boundary"
    by_hand = (
        StackByHand("data-platform-lake", "aws deploy", (bucket,), new_rights=(right,)),
        StackByHand("data-platform-deploy", "aws deploy", unknown="AWS refuses it."),
    )
    changed = replace(plan, stack_change=change, by_hand=by_hand)

    text = lines(changed)
    assert """\
stack data-platform: update
  WorkerTask (AWS::ECS::TaskDefinition): replaced, because Cpu 256 -> 512
  the worker's image: aaaaaaaaaaaa -> bbbbbbbbbbbb
  Outputs.Zone
stack data-platform-lake: by hand
  run by hand: aws deploy
  new right: s3:GetObject of Boundary
  Resources.Bucket
stack data-platform-deploy: not compared
  AWS refuses it.
""" in text
    assert text.endswith("delete 1 deployment, deploy data-platform-lake by hand.")
    data = as_data(changed)
    assert data["stack"]["resources"] == (asdict(task),)
    assert [each["name"] for each in data["stacks_by_hand"]] == [
        "data-platform-lake",
        "data-platform-deploy",
    ]
    unknown = replace(change, resources=None, unknown="It is too late.")
    text = lines(replace(changed, stack_change=unknown))
    assert "  CloudFormation does not say more: It is too late.\n" in text
    assert "  Resources.WorkerTask\n" in text


def test_a_table_for_a_terminal(plan):
    console = Console(width=100, file=StringIO())
    console.print(table(plan))
    printed = console.file.getvalue()
    assert "deployment gone/production" in printed and "build the image" in printed


def test_markdowns_characters_are_escaped(plan):
    text = markdown(plan)
    assert text.startswith("**Release of commit bbbbbbbbbbbb: ")
    assert "| image bbbbbbbbbbbb | build | flows/a\\|b.py<br>uv.lock |" in text
    assert "0 6 \\* \\* \\* Europe/Berlin" in text


def test_the_workflow_reads_for_which_processor_to_build(plan):
    assert as_data(plan)["stack"]["processor"] == "X86_64"
    arm = replace(plan.stack, parameters={"CpuArchitecture": "ARM64"})
    assert as_data(replace(plan, stack=arm))["stack"]["processor"] == "ARM64"


def test_many_details_are_shortened(plan):
    why = tuple(f"flows/{number}.py" for number in range(100))
    many = replace(plan, image=ImageChoice(NEW, build=True, why=why))
    assert "  and 88 more\n" in lines(many)


def test_nothing_to_do(plan):
    nothing = replace(
        plan,
        image=ImageChoice(OLD, build=False),
        stack_change=StackChange("", OLD, ()),
        **dict.fromkeys(("create", "update", "delete"), ()),
        flows={},
    )
    assert not nothing.changes
    assert summary(nothing).startswith("Nothing to change")
