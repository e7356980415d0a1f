"""Every attempt of `red_team`, refused by the fake IAM, as each of six roles.

The calls are dry runs on the stacks of `rights_platform.py`, as in `test_rights.py`; an
administrator's same call is allowed, so that only the role's rights refuse it.
"""

from __future__ import annotations

import json
from string import Template
from typing import Any, Iterator

import pytest

from tests.cloud.cloud import Cloud
from tests.cloud.dry_run import ALLOWED as WOULD_HAVE_SUCCEEDED
from tests.fakes.aws import ADMINISTRATOR
from tests.infrastructure.aws_requests import Request, request_for
from tests.infrastructure.red_team import (
    Attempt,
    boundary,
    deploy,
    everyone,
    execution,
    flow,
    not_refused,
    stack,
    stack_roles,
    templates,
    worker,
)
from tests.infrastructure.rights_platform import INSIDE, KEY, REFUSALS, Platform
from tests.infrastructure.templates import TEMPLATES

pytestmark = pytest.mark.slow

PLATFORM = TEMPLATES["data-platform"]
ATTEMPTS = {
    who: everyone.ATTEMPTS | attempts
    for who, attempts in {
        "DeployRole": deploy.ATTEMPTS,
        "StackRole": stack.ATTEMPTS | stack_roles.ATTEMPTS,
        "WorkerRole": worker.ATTEMPTS,
        "rights-van": flow.ATTEMPTS,
        "ExecutionRole": execution.ATTEMPTS,
        INSIDE: boundary.ATTEMPTS,
    }.items()
}


def each_of(table: dict[str, dict[str, Attempt]]) -> list[Any]:
    return [
        pytest.param(who, attempt, id=f"{who}: {wish}")
        for who, attempts in table.items()
        for wish, attempt in attempts.items()
    ]


@pytest.fixture(scope="module")
def platform(cloud: Cloud) -> Iterator[Platform]:
    with cloud.enforcing():
        platform = Platform(cloud)
        yield platform
        platform.remove()


@pytest.fixture(scope="module")
def named(platform: Platform) -> dict[str, str]:
    """Values of `$Name` in an attempt."""
    queue = platform.outputs["EventsQueueName"]
    sqs = platform.cloud.client("sqs")
    roles = ("DeployRole", "StackRole", "WorkerRole", "ExecutionRole")
    return platform.outputs | {
        **{f"{role}Name": platform.names[role] for role in roles},
        "BoundaryArn": platform.names["Boundary"],
        "KeyArn": KEY,
        "ClusterName": platform.outputs["ClusterArn"].rpartition("/")[2],
        "InstanceId": platform.machine,
        "NatInstanceId": platform.tagged[1]["Target"],
        "DumpBucketName": platform.buckets[-1],
        "EventsQueueUrl": sqs.get_queue_url(QueueName=queue)["QueueUrl"],
    }


def filled(value: Any, named: dict[str, str]) -> Any:
    match value:
        case str():
            return Template(value).substitute(named)
        case list():
            return [filled(each, named) for each in value]
        case dict():
            return {key: filled(each, named) for key, each in value.items()}
    return value


def request_of(attempt: Attempt, named: dict[str, str]) -> Request:
    names = filled(attempt.names, named)
    request = request_for(attempt.action, names)
    for name, value in names.items():
        where = {"region": request.region} if name == "region" else request.parameters
        assert json.dumps({name: value}, default=str)[1:-1] in json.dumps(
            where, default=str
        ), f"{attempt.action} has no {name}."
    return request


@pytest.mark.parametrize(("who", "attempt"), each_of(ATTEMPTS))
def test_an_attempt(who, attempt, platform, named):
    request = request_of(attempt, named)

    code, message = platform.ask(who, request)
    assert code in REFUSALS, message
    assert "is not authorized to perform" in message

    code, message = platform.ask(ADMINISTRATOR["AWS_ACCESS_KEY_ID"], request)
    assert code == WOULD_HAVE_SUCCEEDED, message


@pytest.mark.parametrize(("who", "attempt"), each_of(not_refused.ATTEMPTS))
def test_an_attempt_that_cannot_be_refused(who, attempt, platform, named):
    code, message = platform.ask(who, request_of(attempt, named))
    assert code == WOULD_HAVE_SUCCEEDED, message


@pytest.fixture(scope="module")
def their_group(platform: Platform) -> Iterator[str]:
    """A security group in another network."""
    ec2 = platform.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="172.16.0.0/16")["Vpc"]["VpcId"]
    given = {"GroupName": "theirs", "Description": "A database.", "VpcId": vpc}
    group = ec2.create_security_group(**given)["GroupId"]
    yield group
    assert not ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][
        "IpPermissions"
    ]
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


def released(platform: Platform, template: str) -> str:
    """Change the platform's stack as a release does, and return the stack's last error."""
    client = platform.cloud.client_of(
        platform.outputs["DeployRoleArn"], "cloudformation"
    )
    (stack,) = client.describe_stacks(StackName="rights")["Stacks"]
    kept = [each["ParameterKey"] for each in stack["Parameters"]]
    named = {"StackName": "rights", "ChangeSetName": "theirs"}
    client.create_change_set(
        **named,
        ChangeSetType="UPDATE",
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in kept],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    client.execute_change_set(**named)
    client.delete_change_set(**named)
    (stack,) = client.describe_stacks(StackName="rights")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = client.describe_stack_events(StackName="rights")["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"] == "UPDATE_FAILED"]
    return failed[0]["ResourceStatusReason"]


def refuses(platform: Platform, template: str, action: str) -> set[str]:
    """Check that a release is rolled back, and return the calls that had succeeded."""
    cloud, role = platform.cloud, platform.names["StackRole"]
    before = resources(platform)
    cloud.forget_calls()
    assert f"is not authorized to perform: {action} on" in released(platform, template)
    assert resources(platform) == before
    return {each["action"] for each in cloud.calls(who=role, status="200")}


def resources(platform: Platform) -> dict[str, str]:
    client = platform.cloud.client("cloudformation")
    listed = client.list_stack_resources(StackName="rights")["StackResourceSummaries"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}


@pytest.mark.parametrize("wish", templates.ADDED)
def test_a_template_that_adds_something(wish, platform, named, their_group):
    resource, action = templates.ADDED[wish]
    added = json.dumps(filled(resource, named | {"TheirGroup": their_group}))
    text = PLATFORM.read_text()
    assert text.count("\nOutputs:\n") == 1
    text = text.replace("\nOutputs:\n", f"\n  Theirs: {added}\n\nOutputs:\n")
    assert not refuses(platform, text, action)


@pytest.mark.parametrize("wish", templates.CHANGED)
def test_a_template_that_changes_something(wish, platform):
    old, new, action = templates.CHANGED[wish]
    text = PLATFORM.read_text()
    assert old in text
    limits = boundaries(platform)
    # the fake sets trust and policies again when any property of a role differs
    again = {"PutRolePolicy", "UpdateAssumeRolePolicy"}
    assert refuses(platform, text.replace(old, new), action) <= again
    assert boundaries(platform) == limits


def boundaries(platform: Platform) -> dict[str, str]:
    iam = platform.cloud.client("iam")
    names = [
        each["RoleName"] for each in iam.list_roles(PathPrefix="/rights/")["Roles"]
    ]
    roles = [iam.get_role(RoleName=name)["Role"] for name in names]
    found = {each["RoleName"]: each.get("PermissionsBoundary", {}) for each in roles}
    return {
        name: each.get("PermissionsBoundaryArn", "") for name, each in found.items()
    }


def test_there_are_enough_attempts():
    for who, attempts in ATTEMPTS.items():
        assert len(attempts) >= 25, who
