"""EventBridge's mails of the platform, by the foundation's role or into its queue."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest

from tests.infrastructure.first_stacks import create_foundation, create_platform

pytestmark = pytest.mark.slow

NAME = "mail-test"


@pytest.fixture
def outputs(cloud) -> Iterator[dict[str, str]]:
    """Outputs of a foundation and of its platform."""
    foundation = create_foundation(cloud, NAME, NatKind="none")
    yield foundation | create_platform(cloud, NAME)
    cloud.delete_stack(NAME)
    cloud.delete_stack(f"{NAME}-foundation")


@pytest.fixture
def mailbox(cloud, outputs) -> Iterator[str]:
    """Address of a queue that gets what the topic's subscribers get."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"{NAME}-mailbox")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    cloud.client("sns").subscribe(
        TopicArn=outputs["AlarmTopicArn"],
        Protocol="sqs",
        Endpoint=found["Attributes"]["QueueArn"],
    )
    yield url
    sqs.delete_queue(QueueUrl=url)


def worker_dies(cloud: Any, outputs: dict[str, str]) -> None:
    """Have ECS say that a worker ended by itself."""
    service = outputs["WorkerServiceName"]
    detail = {
        "clusterArn": outputs["ClusterArn"],
        "group": f"service:{service}",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
    }
    event = {
        "Source": "aws.ecs",
        "DetailType": "ECS Task State Change",
        "Detail": json.dumps(detail),
    }
    cloud.client("events").put_events(Entries=[event])


def taken(cloud: Any, queue: str) -> list[str]:
    """Take the messages from a queue."""
    found = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [each["Body"] for each in found.get("Messages", [])]


def test_a_mail_goes_by_the_role_or_the_policy_or_is_counted_as_lost(
    cloud, outputs, mailbox
):
    sqs = cloud.client("sqs")
    name = outputs["LostMailsArn"].rpartition(":")[2]
    lost = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    for switches in ((), ("roles_ignored",), ("conditions_unknown",)):
        with cloud.switched(*switches):
            worker_dies(cloud, outputs)
        (mail,) = taken(cloud, mailbox)
        assert outputs["ClusterArn"] in mail
        assert not taken(cloud, lost)

    # If both are so, the topic refuses it, and the alarm MailsLost goes off.
    with cloud.switched("roles_ignored", "conditions_unknown"):
        worker_dies(cloud, outputs)
    assert not taken(cloud, mailbox)
    (letter,) = taken(cloud, lost)
    assert outputs["ClusterArn"] in letter
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [{"Name": "QueueName", "Value": name}] in [
        each["Dimensions"] for each in alarms
    ]
