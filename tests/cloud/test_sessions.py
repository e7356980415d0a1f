"""Sessions of Session Manager: the API's answers, and what IAM lets a role do with them."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
from botocore.exceptions import ClientError

from tests.cloud.agent import CHANNELS, Agent
from tests.cloud.call import AwsError, Call
from tests.cloud.cloud import Cloud
from tests.cloud.test_iam import REGION_AND_ACCOUNT, denied
from tests.servers.waiting import until

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


@pytest.fixture
def container(with_service) -> dict[str, str]:
    """Names of cluster, task and container of the service, which enables ECS Exec."""

    def with_agent() -> list[dict[str, Any]]:
        tasks = with_service.service_tasks()
        return [each for each in tasks if each["containers"][0].get("managedAgents")]

    (task,) = until(with_agent, "the service's task with its agent")
    (container,) = task["containers"]
    (agent,) = container["managedAgents"]
    assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
    names = (each.rpartition("/")[2] for each in (task["clusterArn"], task["taskArn"]))
    return dict(zip(("cluster", "task"), names)) | {"id": container["runtimeId"]}


def target_of(container: dict[str, str], **changes: str) -> str:
    return "ecs:{cluster}_{task}_{id}".format(**container | changes)


def test_a_session_reaches_a_container_of_a_task(cloud, container):
    start = cloud.client("ssm").start_session
    assert start(Target=target_of(container), DocumentName=PORT)["SessionId"]
    for part in container:
        target = target_of(container, **{part: "another"})
        assert refusal(start, Target=target) == "TargetNotConnected"
    assert refusal(start, Target="ecs:none") == "TargetNotConnected"


def test_the_right_to_a_task_is_that_to_its_cluster_and_the_document(
    container, role, start, enforced
):
    target = target_of(container)
    tasks = f"arn:aws:ecs:{REGION_AND_ACCOUNT}:task/{container['cluster']}/*"
    document = f"{OF_AWS}/{PORT}"
    for resources, allowed in (
        ([tasks, document], True),
        ([tasks], False),
        ([document], False),
        ([MACHINES, document], False),
        ([tasks.replace("/*", "-2/*"), document], False),
    ):
        right = {"Action": "ssm:StartSession", "Resource": resources}
        role.may(right | {"Condition": CHECKED})
        assert denied(start(target, PORT)) != allowed
        assert denied(start(target))


@pytest.mark.parametrize(
    ("key", "container", "refused", "reached"),
    [
        ("a role's", {}, "", True),
        ("a role's", {"readonlyRootFilesystem": False}, "", True),
        ("a role's", {"readonlyRootFilesystem": True}, "", False),
        ("", {}, "", False),
        *(("a role's", {}, action, False) for action in CHANNELS),
    ],
)
def test_an_agent_needs_a_writable_container_and_a_role_with_four_rights(
    key, container, refused, reached
):
    def admit(call: Call) -> None:
        assert call.service == "ssmmessages"
        if call.action == refused:
            raise AwsError("AccessDeniedException", "no")

    agent = Agent(admit, None, "a-task")
    agent._key = key
    assert agent.is_reached_in(container) == reached
