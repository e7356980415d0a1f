"""Plans as lines, tables and Markdown. test_plan_of_commits.py compares the JSON."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.images import ImageChoice
from infrastructure.release.plan import ReleasePlan, Update
from infrastructure.release.releases import Record
from infrastructure.release.report import (
    _as_data,
    as_data,
    coloured,
    lines,
    markdown,
)
from infrastructure.release.rows import summary
from infrastructure.release.stack import PlatformStack, StackChange
from infrastructure.release.stack.by_hand import StackByHand
from infrastructure.release.stack.resource_changes import (
    PropertyChange,
    ResourceChange,
)
from utils.reports.differences import Difference, differences

OLD, NEW = (f"registry/shop:{one * 12}-{'c' * 12}" for one in "ab")
SCHEDULE = {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "day_or": True}
IMAGE = Difference("job_variables.image", OLD, NEW)
LATER = SCHEDULE | {"cron": "0 7 * * *"}
CRON = Difference("schedules.0.cron", "0 6 * * *", "0 7 * * *")
NETWORK = ResourceChange(
    "Vpc",
    "AWS::EC2::VPC",
    "replace",
    (PropertyChange("CidrBlock", "10.20.0.0/16", "10.30.0.0/16", "always"),),
)


def deployed(name: str, *schedules: dict) -> ServerDeployment:
    return ServerDeployment(name, "production", {"schedules": [*schedules]})


def update(name: str, *more: Difference) -> Update:
    return Update(deployed(name), deployed(name), (IMAGE, *more))


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
        record=Record(()),
        stack_change=StackChange("", NEW, tuple(changed)),
        create=(deployed("new", SCHEDULE),),
        update=(
            update("rates"),
            Update(
                deployed("orders", LATER),
                deployed("orders", SCHEDULE),
                (CRON, IMAGE, Difference("tags.1", "old", ""), schema),
            ),
            update("van"),
        ),
        delete=(deployed("gone", SCHEDULE),),
        unchanged=(deployed("same"),),
        flows={"rates": ("flows/a|b.py",), "van": ("flows/a|b.py",)},
    )


LINES = """\
  + image bbbbbbbbbbbb-cccccccccccc, to be built
        flows/a|b.py
        uv.lock
  ~ stack data-platform
      ~ Resources.WorkerTask
      ~ the worker's image aaaaaaaaaaaa-cccccccccccc -> bbbbbbbbbbbb-cccccccccccc
  ~ code of rates, van
        flows/a|b.py
  + deployment new/production: 0 6 * * * Europe/Berlin
  ~ deployment rates/production, van/production
        image aaaaaaaaaaaa-cccccccccccc -> bbbbbbbbbbbb-cccccccccccc
  ~ deployment orders/production
        schedule 0 6 * * * Europe/Berlin -> 0 7 * * * Europe/Berlin
        image aaaaaaaaaaaa-cccccccccccc -> bbbbbbbbbbbb-cccccccccccc
        tags.1: old -> none
        parameter schema: 1 change
  - deployment gone/production
  - schedule of gone/production: 0 6 * * * Europe/Berlin
    1 deployment unchanged

Release of commit bbbbbbbbbbbb: +2 to create, ~4 to change, -2 to delete."""


def test_lines_for_a_log(plan):
    assert lines(plan) == LINES


def test_what_speaks_against_a_release_comes_first_and_what_is_lost_last(plan):
    change = replace(plan.stack_change, resources=(NETWORK,))
    told = lines(replace(plan, stack_change=change, objections=("It is older.",)))
    assert told.startswith("  ! It is older.\n")
    replaced = (
        "    -/+ Vpc (AWS::EC2::VPC): replaced, because CidrBlock 10.20.0.0/16 ->"
    )
    assert replaced in told
    *_, loss, empty, counts = told.splitlines()
    assert loss.startswith("  ! LOST: Vpc, the network") and "`--lose Vpc`" in loss
    assert counts.endswith("+2 to create, ~3 to change, -/+1 to replace, -2 to delete.")
    by_hand = StackByHand("data-platform-foundation", "aws", (), (NETWORK,))
    *_, loss, _, _ = lines(replace(plan, by_hand=(by_hand,))).splitlines()
    assert loss.startswith("  ! LOST with data-platform-foundation: Vpc, the network")


def test_a_terminal_has_colours_and_lines_that_fit(plan):
    console = Console(width=40, file=StringIO(), force_terminal=True)
    console.print(coloured(plan, 40))
    printed = console.file.getvalue()
    assert "\x1b[31m  - deployment gone/production" in printed
    plain = coloured(plan, 40).plain.splitlines()
    assert max(map(len, plain)) <= 40
    assert "  ~ deployment rates/production," in plain
    assert "    van/production" in plain


def test_markdown_is_a_diff(plan):
    text = markdown(plan)
    assert text.startswith("**Release of commit bbbbbbbbbbbb: ")
    marks = {line[:1] for line in text.partition("diff\n")[2].splitlines()[:-1]}
    assert marks == {"+", "!", "-", " "}
    assert "\n-   - deployment gone/production\n" in text


def test_the_workflow_reads_for_which_processor_to_build(plan):
    assert as_data(plan)["stack"]["processor"] == "X86_64"
    arm = replace(plan.stack, parameters={"CpuArchitecture": "ARM64"})
    assert as_data(replace(plan, stack=arm))["stack"]["processor"] == "ARM64"


def test_many_details_are_shortened(plan):
    why = tuple(f"flows/{number}.py" for number in range(100))
    many = replace(plan, image=ImageChoice(NEW, build=True, why=why))
    assert "        and 88 more\n" in lines(many)


def test_values_in_json_are_values():
    found = differences({"cpu": 1, "on": True}, {"cpu": 2, "name": None})
    changed = Update(deployed("van"), deployed("van"), found)
    assert _as_data(changed.differences) == [
        {"field": "cpu", "old": 1, "new": 2},
        {"field": "name", "old": None, "new": None},
        {"field": "on", "old": "(not shown)", "new": None},
    ]


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
  ~ stack data-platform
      ~ WorkerTask (AWS::ECS::TaskDefinition): a new revision, because Cpu 256 -> 512
      ~ the worker's image aaaaaaaaaaaa-cccccccccccc -> bbbbbbbbbbbb-cccccccccccc
      ~ Outputs.Zone
  ! stack data-platform-lake
      + right s3:GetObject of Boundary
      ~ Resources.Bucket
        A person runs: aws deploy
    stack data-platform-deploy not compared: AWS refuses it.
""" in text
    assert text.endswith("-2 to delete, deploy data-platform-lake by hand.")
    data = as_data(changed)
    assert data["stack"]["resources"][0]["name"] == "WorkerTask"
    assert data["stacks_by_hand"][0]["new_rights"] == (right,)


def test_what_follows_from_another_replacement_is_one_line(plan):
    follow = tuple(
        ResourceChange(
            name,
            "AWS::EC2::RouteTable",
            "replace",
            (PropertyChange("VpcId", "Vpc", "the new Vpc", "always"),),
        )
        for name in ("PublicRoutes", "PrivateRoutes")
    )
    change = replace(plan.stack_change, resources=(NETWORK, *follow))
    text = lines(replace(plan, stack_change=change))
    assert "    -/+ with it PublicRoutes, PrivateRoutes\n" in text
