"""`release apply stack` on the fake AWS: CloudFormation's change sets, by the deploy role."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ConnectionClosedError

from infrastructure.release import apply
from infrastructure.release.stack import PlatformStack, StackChange, update
from tests.infrastructure.release.production import STACK
from utils.aws.stack import TEMPLATE
from utils.errors import ClearError

pytestmark = pytest.mark.slow

CHANGES = {"CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "UpdateStack"}


@pytest.fixture
def at_base(production):
    """The clone is at the commit whose template and worker's image the stack has."""
    production.repository.git("switch", "--quiet", "--detach", production.base)
    production.push(production.base)
    yield production
    production.empty()  # to go back would be an older release
    production.repository.git("switch", "--quiet", "--detach", production.base)
    production.release("apply", "stack")


def parameter(production, name: str) -> str:
    stack = production.cloud.client("cloudformation").describe_stacks(StackName=STACK)
    found = {
        each["ParameterKey"]: each["ParameterValue"]
        for each in stack["Stacks"][0]["Parameters"]
    }
    return found[name]


def changes_asked(production) -> list[str]:
    return [
        call["action"]
        for call in production.cloud.calls(service="cloudformation")
        if call["action"] in CHANGES
    ]


def test_the_worker_gets_a_new_image_for_libraries_and_not_for_code(at_base):
    production, before = at_base, parameter(at_base, "ImageUri")
    production.cloud.forget_calls()
    production.repository.replace("sources/shop.py", "[1]", "[3]")
    production.push(production.repository.commit("Three rows"))
    production.release("apply", "stack")
    assert parameter(production, "ImageUri") == before
    assert changes_asked(production) == []

    production.repository.replace("uv.lock", "1.31.0", "1.32.0")
    commit = production.repository.commit("A newer dlt")
    with pytest.raises(ClearError, match="Build and push it first"):
        production.release("apply")
    assert changes_asked(production) == ["CreateChangeSet", "DeleteChangeSet"]

    image = production.push(commit)
    production.release("apply", "stack")
    assert parameter(production, "ImageUri") == image
    assert parameter(production, "LakeBucketName") != ""
    production.cloud.forget_calls()
    production.release("apply", "stack")
    assert changes_asked(production) == []


def test_a_template_changes_the_stack_before_the_deployments(at_base):
    production = at_base
    old = "ClusterArn:\n    Description: The cluster"
    production.repository.replace(TEMPLATE, old, f"Zone:\n    Value: here\n  {old}")
    production.push(production.repository.commit("One output more"))

    plan = json.loads(production.release("plan", "--json"))
    printed = production.release("apply")

    assert [each["field"] for each in plan["stack"]["differences"]] == [
        "Outputs.Zone.Value"
    ]
    assert "Outputs.Zone" in printed
    assert production.cloud.outputs(STACK)["Zone"] == "here"
    assert production.deployments()


def test_a_new_parameter_gets_its_default(at_base):
    """A parameter keeps its value only if the stack had it before."""
    production = at_base
    colour = "  Colour:\n    Type: String\n    Default: blue\n"
    production.repository.replace(
        TEMPLATE, "\nParameters:\n", f"\nParameters:\n{colour}"
    )
    old = "ClusterArn:\n    Description: The cluster"
    shown = "Shown:\n    Value: !Ref Colour\n"
    production.repository.replace(TEMPLATE, old, f"{shown}  {old}")
    production.push(production.repository.commit("One parameter more"))

    production.release("apply", "stack")

    assert production.cloud.outputs(STACK)["Shown"] == "blue"


@pytest.mark.parametrize(
    "kind, said",
    [
        ("X::Y::Z", "CloudFormation refuses the update of shop.*X::Y::Z"),
        # its role has no right to that
        (
            "AWS::S3::Bucket",
            "could not update shop.* s3:CreateBucket ",
        ),
    ],
)
def test_a_refused_stack_update_leaves_the_deployments(at_base, kind, said):
    production = at_base
    production.repository.replace(
        TEMPLATE,
        "\n  WorkerTroubleRule:\n",
        f"\n  Extra:\n    Type: {kind}\n\n  WorkerTroubleRule:\n",
    )
    production.push(production.repository.commit("One resource more"))

    with pytest.raises(ClearError, match=said):
        production.release("apply")

    assert production.deployments() == {}


def test_a_failure_of_an_earlier_update_is_not_told_again(at_base, monkeypatch):
    """Update whose result is unknown, because the connection is lost meanwhile."""
    production, extra = at_base, "\n  Extra:\n    Type: AWS::S3::Bucket\n"
    rule = "\n  WorkerTroubleRule:\n"
    production.repository.replace(TEMPLATE, rule, f"{extra}{rule}")
    production.push(production.repository.commit("One resource more"))
    with pytest.raises(ClearError, match="could not update"):
        production.release("apply", "stack")
    production.repository.replace(TEMPLATE, extra, "")
    old = "ClusterArn:\n    Description: The cluster"
    production.repository.replace(TEMPLATE, old, f"Zone:\n    Value: there\n  {old}")
    production.push(production.repository.commit("One output more instead"))

    wait = update._wait

    def lose_connection(client, waiter: str, **names: str) -> None:
        wait(client, waiter, **names)
        if waiter == "stack_update_complete":
            raise ConnectionClosedError(endpoint_url="https://cloudformation")

    monkeypatch.setattr(update, "_wait", lose_connection)
    with pytest.raises(ClearError, match="unknown whether .* updated shop: Connection"):
        production.release("apply", "stack")


def test_a_change_without_effect_leaves_the_stack_unchanged(at_base):
    """A condition that nothing uses."""
    production = at_base
    production.repository.replace(
        TEMPLATE, "\nConditions:\n", "\nConditions:\n  Never: !Equals [a, b]\n"
    )
    production.push(production.repository.commit("A condition"))

    plan = json.loads(production.release("plan", "--json"))
    assert (plan["stack"]["changes"], plan["stack"]["resources"]) == (False, [])
    production.release("apply")

    assert production.deployments()
    before = production.record()
    production.repository.write({"README.md": "# A word\n"})
    production.repository.commit("A word, no release")
    production.release("apply")
    assert production.record() == before


def test_a_stack_that_is_being_changed_is_left_alone(aws):
    made = PlatformStack.made_from("shop", "Parameters: {}", "registry/shop:1")
    stack = replace(made, status="UPDATE_ROLLBACK_IN_PROGRESS")
    change = StackChange("Parameters: {}", "registry/shop:2", ())
    with pytest.raises(ClearError, match="another update is in progress"):
        update.prepare_update(stack, change)


OLD_NAME = "LogGroupName: !Sub /${AWS::StackName}/flows"
LOST = (
    "FlowLogs (AWS::Logs::LogGroup): replaced, because LogGroupName /shop/flows ->"
    " /shop/runs; lost: all logs until now"
)


def test_a_log_group_is_replaced_only_if_it_is_named(at_base):
    production = at_base
    production.repository.replace(TEMPLATE, OLD_NAME, OLD_NAME.replace("flows", "runs"))
    production.push(production.repository.commit("Another name for the log"))
    production.cloud.forget_calls()

    assert f"    -/+ {LOST}\n" in production.release("plan")
    with pytest.raises(ClearError, match="apply --lose FlowLogs") as refused:
        production.release("apply")
    assert f"\n  {LOST}.\n" in str(refused.value)
    with pytest.raises(ClearError, match="apply --lose FlowLogs"):
        production.release("apply", "stack", "--lose", "WorkerLogs")
    assert "ExecuteChangeSet" not in changes_asked(production)
    asked = changes_asked(production)
    assert asked.count("CreateChangeSet") == asked.count("DeleteChangeSet")
    assert production.deployments() == {}

    production.release("apply", "stack", "--lose", "WorkerLogs", "--lose", "FlowLogs")
    assert production.cloud.outputs(STACK)["FlowLogGroupName"] == "/shop/runs"
    plan = json.loads(production.release("plan", "--json"))
    assert (plan["stack"]["changes"], plan["stack"]["resources"]) == (False, None)
    production.empty()  # to go back would be an older release
    production.repository.git("switch", "--quiet", "--detach", production.base)
    production.release("apply", "stack", "--lose", "FlowLogs")


def test_a_stack_that_somebody_else_updates_meanwhile(at_base, monkeypatch):
    production = at_base
    old = "ClusterArn:\n    Description: The cluster"
    production.repository.replace(TEMPLATE, old, f"Zone:\n    Value: here\n  {old}")
    production.push(production.repository.commit("One output more"))
    prepare = apply.prepare_update

    def prepare_slowly(*given):
        change_set = prepare(*given)
        production.cloud.update_stack(STACK, RunbookUrl="https://example.org")
        return change_set

    with monkeypatch.context() as patch:
        patch.setattr(apply, "prepare_update", prepare_slowly)
        with pytest.raises(
            ClearError, match="Somebody else has updated the stack shop"
        ):
            production.release("apply", "stack")
    assert "Zone" not in production.cloud.outputs(STACK)
    production.cloud.update_stack(STACK, RunbookUrl="")
    production.release("apply", "stack")
    assert production.cloud.outputs(STACK)["Zone"] == "here"


def test_rights_come_before_the_platform_that_needs_them(at_base):
    production = at_base
    old = "ClusterArn:\n    Description: The cluster"
    deploy, action = "infrastructure/github_deploy.yml", "- ecs:CreateCluster\n"
    template = production.repository.read(deploy)
    assert template.count(action) == 1
    more = template.replace(action, f"{action}{' ' * 18}- ecs:PutAttributes\n")
    production.repository.write({deploy: more})
    production.push(production.repository.commit("A right, which nothing needs yet"))
    printed = production.release("apply", "stack")
    command = f"aws cloudformation deploy --stack-name {STACK}-deploy"
    right = "      + right ecs:PutAttributes of StackRole\n"
    assert f"  ! stack {STACK}-deploy\n{right}" in printed
    assert f"        A person runs: {command}" in printed
    assert "StackRole (AWS::IAM::Role): changed in place: Policies." in printed

    production.repository.replace(TEMPLATE, old, f"Zone:\n    Value: now\n  {old}")
    production.push(production.repository.commit("What may need it"))
    with pytest.raises(ClearError, match=f"PutAttributes of StackRole.*\n  {command}"):
        production.release("apply")
    assert "Zone" not in production.cloud.outputs(STACK)

    client = production.cloud.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=f"{STACK}-deploy")["Stacks"]
    kept = [each["ParameterKey"] for each in stack["Parameters"]]
    for text in (more, template):
        client.update_stack(
            StackName=f"{STACK}-deploy",
            TemplateBody=text,
            Parameters=[{"ParameterKey": k, "UsePreviousValue": True} for k in kept],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        if text == more:
            assert "A person runs" not in production.release("apply", "stack")
            assert production.cloud.outputs(STACK)["Zone"] == "now"


def test_a_plan_says_why_cloudformation_refuses_its_change_set(at_base):
    """A stack that cannot be updated still lets deployments be released."""
    production = at_base
    production.repository.replace(
        TEMPLATE,
        "\n  WorkerTroubleRule:\n",
        "\n  Extra:\n    Type: X::Y::Z\n\n  WorkerTroubleRule:\n",
    )
    production.push(production.repository.commit("An unknown resource"))
    printed = production.release("apply", "deployments")
    assert "CloudFormation does not say more: CloudFormation refuses" in printed
    assert "X::Y::Z" in printed and "~ Resources.Extra\n" in printed
    assert production.deployments()


def test_a_failed_stack_is_rolled_back_to_the_release_before(at_base):
    production = at_base
    production.release("apply")
    before = production.settled()
    production.repository.replace(
        TEMPLATE,
        "\n  WorkerTroubleRule:\n",
        "\n  Extra:\n    Type: AWS::S3::Bucket\n\n  WorkerTroubleRule:\n",
    )
    production.repository.replace("sources/shop.py", "[1]", "[5]")
    production.push(production.repository.commit("One resource more, five rows"))
    with pytest.raises(ClearError, match="could not update"):
        production.release("apply")

    production.release("rollback")

    assert production.settled() == before
    with pytest.raises(ClearError, match="no release before"):
        production.release("rollback")


def test_a_rollback_moves_the_worker_back(at_base):
    production = at_base
    production.release("apply")
    before = parameter(production, "ImageUri")
    production.repository.replace("uv.lock", "1.31.0", "1.33.0")
    production.repository.replace("sources/shop.py", "[1]", "[4]")
    image = production.push(production.repository.commit("A newer dlt"))
    production.release("apply")
    assert parameter(production, "ImageUri") == image

    production.release("rollback")

    assert parameter(production, "ImageUri") == before
    images = {
        each["job_variables"]["image"] for each in production.deployments().values()
    }
    assert images == {production.image(production.base)}
