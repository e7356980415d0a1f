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
    execution,
    flow,
    not_refused,
    stack,
    stack_roles,
    worker,
)
from tests.infrastructure.rights_platform import INSIDE, KEY, Platform

pytestmark = pytest.mark.slow

ATTEMPTS = {
    "DeployRole": deploy.ATTEMPTS,
    "StackRole": stack.ATTEMPTS | stack_roles.ATTEMPTS,
    "WorkerRole": worker.ATTEMPTS,
    "rights-van": flow.ATTEMPTS,
    "ExecutionRole": execution.ATTEMPTS,
    INSIDE: boundary.ATTEMPTS,
}


def each_of(table: dict[str, dict[str, Attempt]]) -> list[Any]:
    return [
        pytest.param(who, attempt, id=f"{who}: {wish}")
        for who, attempts in table.items()
        for wish, attempt in attempts.items()
    ]


REFUSALS = (
    *("AccessDenied", "AccessDeniedException", "AuthorizationError"),
    "UnauthorizedOperation",
)


@pytest.fixture(scope="module")
def platform(cloud: Cloud) -> Iterator[Platform]:
    with cloud.enforcing():
        platform = Platform(cloud)
        yield platform
        platform.remove()


@pytest.fixture(scope="module")
def named(platform: Platform) -> dict[str, str]:
    """What `$Name` stands for in an attempt."""
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


def test_there_are_enough_attempts():
    for who, attempts in ATTEMPTS.items():
        assert len(attempts) >= 25, who
