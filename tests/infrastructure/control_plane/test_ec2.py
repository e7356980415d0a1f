"""Commands on the machine of Prefect's server, by a server that answers as Systems Manager."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from infrastructure.control_plane import ec2
from tests.fakes.http_server import Answer, Request, json_answer, serving
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

STACK = StackOutputs(
    "data-platform-server", "eu-west-1", "CREATE_COMPLETE", {"InstanceId": "i-0a1b2c"}
)
UNKNOWN = {"__type": "InvocationDoesNotExist"}
TOLD = "Restored: what Prefect knew at 2026-11-28 02:30:00 UTC.\n"


@pytest.fixture
def asked(monkeypatch) -> Iterator[tuple[list[Any], list[dict[str, Any]]]]:
    """The requests, and the answers to give of a command, one after the other."""
    requests: list[Any] = []
    answers: list[dict[str, Any]] = []

    def respond(request: Request) -> Answer:
        requests.append((request.headers["x-amz-target"], request.json))
        if "SendCommand" in request.headers["x-amz-target"]:
            return json_answer({"Command": {"CommandId": "a-command-id" * 3}})
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return json_answer(answer, 400 if "__type" in answer else 200)

    with serving(respond) as api:
        for name, value in {
            "AWS_ENDPOINT_URL": api.url,
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(ec2, "LOOKS", {"Delay": 0, "MaxAttempts": 5})
        yield requests, answers


def test_a_command_that_systems_manager_does_not_know_at_once(asked):
    requests, answers = asked
    answers += [UNKNOWN, {"Status": "InProgress"}]
    answers += [{"Status": "Success", "StandardOutputContent": TOLD}]
    assert ec2.restore(STACK, "s3://dumps/a file.dump") == TOLD
    target, sent = requests[0]
    assert target == "AmazonSSM.SendCommand" and sent["InstanceIds"] == ["i-0a1b2c"]
    command = "/opt/data-platform/restore 's3://dumps/a file.dump'"
    assert sent["Parameters"]["commands"] == [command]


def test_a_command_that_fails(asked):
    _, answers = asked
    error = "a first line\n" * 9 + "pg_restore: error: it is no archive\n"
    answers.append({"Status": "Failed", "StandardErrorContent": error})
    with pytest.raises(ClearError) as raised:
        ec2.backup(STACK)
    first, *_, last = str(raised.value).splitlines()
    assert first == "`backup` on the machine: Failed"
    assert last == "pg_restore: error: it is no archive"


def test_a_command_that_does_not_end(asked):
    _, answers = asked
    answers.append({"Status": "InProgress"})
    with pytest.raises(ClearError, match="`backup` has not ended within an hour"):
        ec2.backup(STACK)


def test_a_machine_that_is_asked_in_vain_goes_on(asked):
    _, answers = asked
    answers.append({"__type": "AccessDeniedException", "message": "no"})
    with pytest.raises(ClearError, match="`backup` goes on: look at the machine"):
        ec2.backup(STACK)
