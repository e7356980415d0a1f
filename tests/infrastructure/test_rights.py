"""Every action of every policy, executed by the fake IAM: allowed, and denied elsewhere.

The calls are those of real clients with the roles' own sessions, and IAM judges them; what
would come after its consent is left out (`tests/cloud/dry_run.py`), so that none of them
changes anything. Who may assume a role, and the policies of buckets, queues and topics, are
asserted as text in the tests of their templates, as is the service that a role is passed to.
"""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.cloud.cloud import Cloud
from tests.cloud.dry_run import ALLOWED as WOULD_HAVE_SUCCEEDED
from tests.fakes.aws import ADMINISTRATOR
from tests.infrastructure.aws_requests import Request, one_of
from tests.infrastructure.rights import (
    ALLOWED,
    ELSEWHERE,
    NOT_ASKED,
    OF_THE_AGENT,
    PORT_FORWARDING,
    ROLES,
    SHELL,
    Cell,
    cells,
)
from tests.infrastructure.rights_platform import NOBODY, REFUSALS, Platform
from tests.infrastructure.templates import EVERY_TEMPLATE, read, rights

pytestmark = pytest.mark.slow

CELLS = list(cells())
# Each action once, on a resource that a role has it for.
ONCE = list({each.action: each for each in CELLS if each.how == ALLOWED}.values())
# A task and its container, in a session's target.
TASK = "0123456789abcdef_0123456789abcdef-1"
# What AWS gives on all resources or on none.
UNLIMITED = (
    *("application-autoscaling:Describe", "cloudwatch:Describe", "ec2:Describe"),
    *("cloudwatch:GetMetricData", "ecr:GetAuthorizationToken", "logs:Describe"),
    *("ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"),
    # what the stack's role reads
    *("application-autoscaling:List", "cloudformation:ListExports"),
    *("cloudwatch:List", "ecs:Describe", "ecs:List", "events:Describe", "events:List"),
    *("iam:Get", "iam:List", "kms:DescribeKey", "logs:GetDataProtection", "logs:List"),
    *("sns:GetTopicAttributes", "sns:List", "sqs:GetQueue", "sqs:List"),
    *OF_THE_AGENT,
)
# Read as text, for they are of resources, and in no role.
OF_RESOURCES = {
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


@pytest.fixture(scope="module")
def platform(cloud: Cloud) -> Iterator[Platform]:
    """Made under enforcement, too: by CloudFormation, with the role that it has there."""
    with cloud.enforcing():
        platform = Platform(cloud)
        yield platform
        platform.remove()


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_right(cell: Cell, platform: Platform):
    code, message = platform.ask(cell.who, platform.request(cell))

    if cell.how == ALLOWED:
        assert code == WOULD_HAVE_SUCCEEDED, message
        assert f"{cell.action} on " in message
    else:
        assert code in REFUSALS, message
        refused, _, resource = message.partition(" on resource: ")
        assert refused.endswith(f"is not authorized to perform: {cell.action}")
        if cell.how == ELSEWHERE:
            assert "beside" in resource


@pytest.mark.parametrize(
    ("target", "document", "refused"),
    [
        ("server", PORT_FORWARDING, ""),
        ("server", None, SHELL),
        ("server", SHELL, SHELL),
        ("server", "AWS-StartSSHSession", "AWS-StartSSHSession"),
        # another machine, through the server's
        ("server", f"{PORT_FORWARDING}ToRemoteHost", f"{PORT_FORWARDING}ToRemoteHost"),
        # the NAT instance is of another stack
        ("nat", PORT_FORWARDING, "instance/i-"),
        ("i-0123456789abcdef0", PORT_FORWARDING, "instance/i-0123456789abcdef0"),
        # a task of a server on ECS, and of others
        (f"ecs:rights-server-Cluster-1_{TASK}", PORT_FORWARDING, ""),
        (f"ecs:rights-server-Cluster-1_{TASK}", None, SHELL),
        (f"ecs:rights-server-Cluster-1_{TASK}", SHELL, SHELL),
        (f"ecs:rights-Cluster-1_{TASK}", PORT_FORWARDING, "task/rights-Cluster-1/"),
        (f"ecs:rights-ecs-Cluster-1_{TASK}", PORT_FORWARDING, "task/rights-ecs-C"),
    ],
)
def test_github_forwards_a_port_of_the_server_and_nothing_else(
    platform, target, document, refused
):
    known = dict(zip(("server", "nat"), (each["Target"] for each in platform.tagged)))
    given = {"Target": known.get(target, target), "DocumentName": document}
    given = {name: value for name, value in given.items() if value}
    code, message = platform.ask("DeployRole", Request("ssm", "StartSession", given))
    if not refused:
        assert code == WOULD_HAVE_SUCCEEDED, message
    else:
        assert code == "AccessDeniedException"
        assert refused in message.partition(" on resource: ")[2]


@pytest.mark.parametrize(
    ("stack", "outputs", "template"),
    [
        ("rights", True, True),
        ("rights-foundation", True, True),
        ("rights-lake", True, True),
        ("rights-deploy", True, True),
        ("rights-server", True, False),
        ("rights-ecs", False, False),
        ("rights-lake2", False, False),
        ("rights-server2", False, False),
    ],
)
def test_github_reads_the_platforms_stacks(platform, stack, outputs, template):
    for action, allowed in (("DescribeStacks", outputs), ("GetTemplate", template)):
        request = Request("cloudformation", action, {"StackName": stack})
        code, message = platform.ask("DeployRole", request)
        assert code == (WOULD_HAVE_SUCCEEDED if allowed else "AccessDenied"), message


def test_no_action_and_no_resource_is_left_out():
    assert len(CELLS) >= 40
    for role, path in ROLES.items():
        written = list(rights(path, role))
        of_role = [cell for cell in CELLS if cell.role == role]
        asked_for = [each for each in written if not each[0].startswith(NOT_ASKED)]
        actions = {one_of(action) for action, _, _ in asked_for}
        assert {each.action for each in of_role if each.how == ALLOWED} == actions
        assert {each.action for each in of_role if each.how != ALLOWED} == actions
        asked = {written[each.number][1] for each in of_role}
        assert asked == {resource for _, resource, _ in asked_for}


def test_there_are_no_other_policies(platform):
    """Checks the templates and the stacks."""
    kinds = {
        each["Type"]
        for path in EVERY_TEMPLATE
        for each in read(path)["Resources"].values()
        if "PolicyDocument" in each.get("Properties", {})
    }
    assert kinds == OF_RESOURCES | {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}
    for role, path in ROLES.items():
        there = [each.action for each in platform.rights[role]]
        assert there == [one_of(action) for action, _, _ in rights(path, role)]
        denied = {
            name
            for name, document in platform.documents(role).items()
            for statement in document["Statement"]
            if statement["Effect"] != "Allow"
        }
        of_stack = {"no-public-addresses", "not-the-other-stacks"}
        assert denied == (of_stack if role == "StackRole" else set())


def test_a_run_reads_the_secrets_of_its_source_and_of_no_other(platform):
    sources = platform.outputs["SourceRoles"].split(",")
    prefix = platform.outputs["FlowRoleArn"].rpartition("/")[2].removesuffix("flow")
    assert len(sources) >= 5
    for role in ("flow", *sources):
        for source in sources:
            for name in (
                source,
                f"{source}-a1B2c3",
                f"{source}/key",
                f"{source}_2/key",
            ):
                code, message = platform.ask(
                    f"{prefix}{role}", secret(f"dlt/sources/{name}")
                )
                own = role == source and not name.endswith("_2/key")
                assert (code == WOULD_HAVE_SUCCEEDED) == own, (role, name, message)
        for name, shared in (
            ("dlt/destination/warehouse/credentials", True),
            ("dlt/destination/lake/credentials", True),
            ("dlt/another", False),
            ("prefect/api-key-a1B2c3", False),
        ):
            code, message = platform.ask(f"{prefix}{role}", secret(name))
            assert (code == WOULD_HAVE_SUCCEEDED) == shared, (role, name, message)


def secret(name: str) -> Request:
    return Request("secretsmanager", "GetSecretValue", {"SecretId": name})


def test_everything_is_meant_only_where_aws_knows_no_less(platform):
    for role in ROLES:
        for right in platform.rights[role]:
            if right.pattern != "*" or right.conditions:
                continue
            assert right.action.startswith(UNLIMITED), right.action


def test_a_role_without_a_policy_may_do_nothing(platform):
    for cell in ONCE:
        code, message = platform.ask(NOBODY, platform.request(cell))
        assert code in REFUSALS, (cell.action, message)


def test_the_administrator_may_do_everything(platform):
    administrator = ADMINISTRATOR["AWS_ACCESS_KEY_ID"]
    for cell in ONCE:
        code, message = platform.ask(administrator, platform.request(cell))
        assert code == WOULD_HAVE_SUCCEEDED, (cell.action, message)
