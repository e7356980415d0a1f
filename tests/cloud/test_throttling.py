"""Calls that AWS refuses because there are too many."""

from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow


def test_only_the_next_calls_are_refused(cloud):
    settings = Config(retries={"total_max_attempts": 1})
    client = cloud.client("ecs", config=settings)
    cloud.throttle("ecs", "ListClusters", times=2)

    for _ in range(2):
        with pytest.raises(ClientError, match="ThrottlingException") as caught:
            client.list_clusters()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    client.list_clusters()


def test_botocore_retries(cloud):
    cloud.throttle("sqs", "ListQueues", times=1)

    answer = cloud.client("sqs").list_queues()

    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
