"""Sessions of Session Manager: StartSession, ResumeSession and TerminateSession.

moto has none of them. The answers are those of AWS's API; no channel is behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from tests.cloud.account import ACCOUNT, REGION, arn, backend
from tests.cloud.call import key_in

# The shell, which a call without a document starts.
DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell"
# How the targets in ECS's tasks begin.
OF_ECS = "ecs:"
# AWS's own documents belong to no account.
OF_AWS = "AWS-"
OF_SESSIONS = {
    DEFAULT_DOCUMENT,
    "AWS-StartInteractiveCommand",
    "AWS-StartNonInteractiveCommand",
    "AWS-StartPortForwardingSession",
    "AWS-StartPortForwardingSessionToRemoteHost",
    "AWS-StartSSHSession",
}


@dataclass(frozen=True)
class Session:
    """Session that has not ended."""

    target: str
    user_id: str
    """Value of `aws:userid` of who started it: of a role its id and the session's name."""

    @property
    def tags(self) -> dict[str, str]:
        """Tags that only Session Manager can set."""
        return {
            "aws:ssmmessages:session-id": self.user_id,
            "aws:ssmmessages:target-id": self.target,
        }


SESSIONS: dict[str, Session] = {}


def document_arn(name: str) -> str:
    """Return the ARN of a session's document."""
    if name.startswith("arn:"):
        return name
    found = arn("ssm", f"document/{name}")
    return found.replace(f":{ACCOUNT}:", "::") if name.startswith(OF_AWS) else found


def target_arn(target: str) -> str:
    """Return the ARN of a session's machine or task.

    A task's container is `ecs:`, the names of cluster, task and container, each behind an
    underline.
    """
    if not target.startswith(OF_ECS):
        return arn("ec2", f"instance/{target}")
    cluster, task, _ = _container(target)
    return arn("ecs", f"task/{cluster}/{task}")


def install() -> None:
    """Make moto answer the calls."""
    SimpleSystemManagerResponse.start_session = _start  # type: ignore[attr-defined]
    SimpleSystemManagerResponse.resume_session = _resume  # type: ignore[attr-defined]
    SimpleSystemManagerResponse.terminate_session = _end  # type: ignore[attr-defined]


def _start(self: Any) -> ActionResult:
    target = self._get_param("Target")
    name = self._get_param("DocumentName") or DEFAULT_DOCUMENT
    if name not in OF_SESSIONS:
        backend("ssm").describe_document(name, "", "")  # raises InvalidDocument
    if not _runs(target):
        raise SSMException("TargetNotConnected", f"{target} is not connected.")
    key = key_in(self.headers["Authorization"])
    user_id, caller, _ = backend("sts").get_caller_identity(key, REGION)
    # AWS begins the id with the name of the user, or of the role's session.
    session_id = f"{caller.rpartition('/')[2]}-{uuid4().hex[:17]}"
    SESSIONS[session_id] = Session(target, user_id)
    return _answer(session_id)


def _resume(self: Any) -> ActionResult:
    session_id = self._get_param("SessionId")
    if session_id not in SESSIONS:
        raise SSMException("DoesNotExistException", f"There is no {session_id}.")
    return _answer(session_id)


def _end(self: Any) -> ActionResult:
    session_id = self._get_param("SessionId")
    SESSIONS.pop(session_id, None)
    return ActionResult({"SessionId": session_id})


def _container(target: str) -> list[str]:
    """Split the target of a container; a cluster's name may have underlines, too."""
    return [*target.removeprefix(OF_ECS).rsplit("_", 2), "", ""][:3]


def _agent_runs(target: str) -> bool:
    """Return whether Session Manager's agent runs in a container."""
    cluster, id, runtime_id = _container(target)
    for task in backend("ecs").tasks.get(cluster, {}).values():
        if task.id == id and task.last_status == "RUNNING":
            return any(
                agent["lastStatus"] == "RUNNING"
                for each in task.containers
                if each.runtime_id == runtime_id
                for agent in each.managed_agents
            )
    return False


def _runs(target: str) -> bool:
    if target.startswith(OF_ECS):
        return _agent_runs(target)
    try:
        return backend("ec2").get_instance(target).state == "running"
    except InvalidInstanceIdError:
        return False


def _answer(session_id: str) -> ActionResult:
    channel = f"wss://ssmmessages.{REGION}.amazonaws.com/v1/data-channel/{session_id}"
    return ActionResult(
        {
            "SessionId": session_id,
            "TokenValue": uuid4().hex,
            "StreamUrl": f"{channel}?role=publish_subscribe",
        }
    )
