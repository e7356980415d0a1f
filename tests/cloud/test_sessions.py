"""Sessions of Session Manager: the API's answers, and what IAM lets a role do with them."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud import Cloud
from tests.cloud.test_iam import REGION_AND_ACCOUNT, denied

pytestmark = pytest.mark.slow

PORT = "AWS-StartPortForwardingSession"
SHELL = "SSM-SessionManagerRunShell"
MACHINES = f"arn:aws:ec2:{REGION_AND_ACCOUNT}:instance/*"
OF_AWS = "arn:aws:ssm:eu-central-1::document"
USER_ID = "${aws:userid}"
CHECKED = {"Bool": {"ssm:SessionDocumentAccessCheck": "true"}}


@pytest.fixture
def machine(cloud: Cloud, platform) -> Iterator[str]:
    """A machine with the tag `use: web`."""
    ec2 = cloud.client("ec2")
    tags = {"ResourceType": "instance", "Tags": [{"Key": "use", "Value": "web"}]}
    started = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        SubnetId=platform.outputs["Private"],
        TagSpecifications=[tags],
    )
    machine = started["Instances"][0]["InstanceId"]
    yield machine
    ec2.terminate_instances(InstanceIds=[machine])


@pytest.fixture
def start(role):
    """Function that starts a session as the role, and returns its error, if any."""

    def start(target: str, document: str = "") -> str:
        given = {"DocumentName": document} if document else {}
        return role.tries("ssm", "start_session", Target=target, **given)

    return start


def refusal(call: Any, **parameters: str) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_a_session_starts_goes_on_and_ends(cloud, machine):
    ssm = cloud.client("ssm")
    started = ssm.start_session(Target=machine, DocumentName=PORT)
    session = {"SessionId": started["SessionId"]}
    assert started["SessionId"] in started["StreamUrl"]
    resumed = ssm.resume_session(**session)
    assert resumed["TokenValue"] != started["TokenValue"]
    assert ssm.terminate_session(**session)["SessionId"] == started["SessionId"]
    assert refusal(ssm.resume_session, **session) == "DoesNotExistException"


def test_a_session_needs_a_machine_that_runs_and_a_document(cloud, machine):
    start = cloud.client("ssm").start_session
    assert refusal(start, Target="i-0123456789abcdef0") == "TargetNotConnected"
    assert refusal(start, Target=machine, DocumentName="none") == "InvalidDocument"
    cloud.client("ec2").stop_instances(InstanceIds=[machine])
    assert refusal(start, Target=machine) == "TargetNotConnected"


def test_who_may_reach_a_machine_may_open_a_shell_unless_documents_are_checked(
    machine, role, start, enforced
):
    role.may({"Action": "ssm:StartSession", "Resource": MACHINES})
    assert start(machine) == start(machine, SHELL) == ""
    assert denied(start(machine, PORT))

    reach = {"Action": "ssm:StartSession", "Resource": [MACHINES, f"{OF_AWS}/{PORT}"]}
    role.may(reach | {"Condition": CHECKED})
    assert start(machine, PORT) == ""
    assert denied(start(machine)) and denied(start(machine, SHELL))
    assert denied(start(machine, "AWS-StartSSHSession"))

    # a single statement without the check opens the shell
    role.may(reach | {"Condition": CHECKED}, reach | {"Resource": MACHINES})
    assert start(machine) == ""


@pytest.mark.parametrize("key", ["ssm:resourceTag/use", "aws:ResourceTag/use"])
def test_a_tag_limits_the_machines(machine, role, start, enforced, key):
    for value, allowed in (("web", True), ("others", False)):
        tagged = {"StringEquals": {key: value}}
        role.may(
            {"Action": "ssm:StartSession", "Resource": MACHINES, "Condition": tagged}
        )
        assert denied(start(machine)) != allowed


def test_a_role_ends_its_own_sessions_alone(cloud, machine, role, enforced):
    own = {"StringEquals": {"ssm:resourceTag/aws:ssmmessages:session-id": USER_ID}}
    sessions = f"arn:aws:ssm:{REGION_AND_ACCOUNT}:session/*"
    role.may(
        {"Action": "ssm:StartSession", "Resource": MACHINES},
        {"Action": "ssm:TerminateSession", "Resource": sessions, "Condition": own},
    )
    mine = cloud.client_of(role.arn, "ssm").start_session(Target=machine)["SessionId"]
    foreign = cloud.client("ssm").start_session(Target=machine)["SessionId"]
    assert denied(role.tries("ssm", "terminate_session", SessionId=foreign))
    assert role.tries("ssm", "terminate_session", SessionId=mine) == ""
