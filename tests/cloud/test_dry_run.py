"""Calls that IAM judges and that change nothing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.cloud.dry_run import ALLOWED, dry

pytestmark = pytest.mark.slow


def test_a_dry_run_is_judged_and_does_nothing(cloud, role, enforced):
    sqs = dry(cloud.client_of(role.arn, "sqs"))

    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.create_queue(QueueName="dry")
    role.may({"Action": "sqs:CreateQueue", "Resource": "*"})
    with pytest.raises(ClientError, match="succeeded: sqs:CreateQueue on .*:dry$"):
        sqs.create_queue(QueueName="dry")
    assert "QueueUrls" not in cloud.client("sqs").list_queues(QueueNamePrefix="dry")


def test_a_request_is_made_in_a_region(cloud, role, enforced):
    there = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    role.may({"Action": "ecs:ListClusters", "Resource": "*", "Condition": there})

    session = cloud.as_role(role.arn)
    for region, code in (("eu-west-1", ALLOWED), ("eu-west-2", "AccessDenied")):
        ecs = session.client("ecs", region_name=region, endpoint_url=cloud.url)
        with pytest.raises(ClientError, match=code):
            dry(ecs).list_clusters()
