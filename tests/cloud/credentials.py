"""Credentials of roles, for tests and for containers."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

from tests.cloud.account import REGION, backend
from tests.cloud.iam import role_of


def session_of(role_arn: str, name: str) -> Any:
    """Return a role's session from moto's STS. The trust policy is not checked."""
    role_of(role_arn)
    return backend("sts").assume_role(REGION, name, role_arn, None, 3600, None)


_key: ContextVar[str] = ContextVar("key", default="")


@contextmanager
def signed_by(key: str) -> Iterator[None]:
    """Handle a call that this access key has signed."""
    token = _key.set(key)
    try:
        yield
    finally:
        _key.reset(token)


def session_of_caller() -> Any | None:
    """Return the session of the role that makes the current call, if it is a role."""
    return backend("sts").get_assumed_role_from_access_key(_key.get())


class Credentials:
    """Answers for AWS_CONTAINER_CREDENTIALS_FULL_URI, by task."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}

    def give(self, task_id: str, role_arn: str) -> None:
        """Assign a role to a task."""
        self._roles[task_id] = role_arn

    def take(self, task_id: str) -> None:
        """Withdraw the role of an ended task."""
        self._roles.pop(task_id, None)

    def of_container(self, wanted: dict[str, str]) -> dict[str, str]:
        """Return the answer of ECS's endpoint to a container."""
        return _answer(session_of(self._roles[wanted["id"]], wanted["id"]))

    def of_role(self, wanted: dict[str, str]) -> dict[str, str]:
        """Return the same answer for any role, to a test."""
        return _answer(session_of(wanted["role_arn"], "test"))


def _answer(session: Any) -> dict[str, str]:
    expires = datetime.now(timezone.utc) + timedelta(hours=1)
    return {
        "RoleArn": session.role_arn,
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
