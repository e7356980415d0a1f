"""Switches: what AWS may do otherwise, with a stack's role that has too little for it."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cloud.cloud import Cloud

pytestmark = pytest.mark.slow

QUEUE = {
    "Type": "AWS::SQS::Queue",
    "Properties": {"QueueName": "switched", "Tags": [{"Key": "a", "Value": "b"}]},
}
MANAGE = ("sqs:CreateQueue", "sqs:DeleteQueue")
READ = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags")
TAG = "sqs:TagQueue"


@pytest.fixture
def create(cloud: Cloud, role: Any, enforced: None) -> Iterator[Any]:
    """Create a stack of a queue, with a role that may do some actions; return the tags."""

    def created(*actions: str) -> dict[str, str]:
        role.may({"Action": list(actions), "Resource": "*"})
        cloud.create_stack(
            "switched", json.dumps({"Resources": {"Q": QUEUE}}), role.arn
        )
        sqs = cloud.client("sqs")
        url = sqs.get_queue_url(QueueName="switched")["QueueUrl"]
        return sqs.list_queue_tags(QueueUrl=url).get("Tags", {})

    yield created
    role.may({"Action": "sqs:*", "Resource": "*"})
    cloud.delete_stack("switched")


def test_tags_come_with_the_call_that_creates(cloud, create):
    cloud.forget_calls()
    assert create(*MANAGE, TAG) == {"a": "b"}
    (call,) = cloud.calls(action="CreateQueue", who="judged", status="200")
    assert call["parameters"]["tags"] == {"a": "b"}


def test_tags_with_the_call_that_creates_need_a_right_of_their_own(create):
    with pytest.raises(RuntimeError, match="ROLLBACK_COMPLETE.*perform: sqs:TagQueue"):
        create(*MANAGE)


def test_tags_may_come_late(cloud, create):
    cloud.forget_calls()
    with cloud.switched("tags_late"):
        assert create(*MANAGE, TAG) == {"a": "b", "stack": "switched"}
    calls = [each["action"] for each in cloud.calls(service="sqs", who="judged")]
    assert calls[:2] == ["CreateQueue", "TagQueue"]
    (call,) = cloud.calls(action="CreateQueue", who="judged")
    assert not call["parameters"].get("tags")


def test_what_cannot_be_tagged_late_is_taken_back(cloud, create):
    with cloud.switched("tags_late"):
        with pytest.raises(RuntimeError, match="ROLLBACK_COMPLETE.*: sqs:TagQueue"):
            create(*MANAGE)
    assert "QueueUrls" not in cloud.client("sqs").list_queues(
        QueueNamePrefix="switched"
    )


def test_cloudformation_may_read(cloud, create):
    cloud.forget_calls()
    with cloud.switched("reads"):
        create(*MANAGE, TAG, *READ)
    asked = cloud.calls(service="sqs", who="judged", status="412")
    assert {f"sqs:{each['action']}" for each in asked} == {*READ}


@pytest.mark.parametrize("missing", READ)
def test_what_cannot_be_read_is_taken_back(cloud, create, missing):
    with cloud.switched("reads"):
        with pytest.raises(RuntimeError, match=f"ROLLBACK_COMPLETE.*: {missing}"):
            create(*MANAGE, TAG, *(each for each in READ if each != missing))
    assert "QueueUrls" not in cloud.client("sqs").list_queues(
        QueueNamePrefix="switched"
    )


def test_the_first_call_of_each_action_may_be_throttled(cloud, create):
    once = Config(retries={"total_max_attempts": 1})
    client = cloud.client("ecs", config=once)
    for _ in range(2):  # each time that it is switched on
        with cloud.switched("throttled"):
            with pytest.raises(ClientError, match="ThrottlingException"):
                client.list_clusters()
            client.list_clusters()
        client.list_clusters()
    with cloud.switched("throttled"):
        assert create(*MANAGE, TAG) == {"a": "b"}  # CloudFormation tries again


def test_zones_may_change(cloud):
    listed = {"Fn::Join": [",", {"Fn::GetAZs": ""}]}
    template = {"Resources": {"Q": QUEUE}, "Outputs": {"Zones": {"Value": listed}}}
    before = cloud.create_stack("zones", json.dumps(template))["Zones"]
    cloud.delete_stack("zones")
    with cloud.switched("zones"):
        after = cloud.create_stack("zones", json.dumps(template))["Zones"]
    cloud.delete_stack("zones")
    assert before.split(",")[0] != after.split(",")[0]


def test_a_first_cluster_may_come_before_its_role(cloud):
    ecs, iam = cloud.client("ecs"), cloud.client("iam")
    with cloud.switched("first_cluster"):
        with pytest.raises(
            ClientError, match="Unable to assume the service linked role"
        ):
            ecs.create_cluster(clusterName="first")
        ecs.create_cluster(clusterName="first")
    ecs.delete_cluster(cluster="first")
    (own,) = iam.list_roles(PathPrefix="/aws-service-role/ecs.")["Roles"]
    iam.delete_role(RoleName=own["RoleName"])


def test_an_unknown_switch_is_refused(cloud):
    with pytest.raises(RuntimeError, match="There is no switch tags_early"):
        with cloud.switched("tags_early"):
            pass
