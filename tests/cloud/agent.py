"""ECS's use of a task's roles: pull the image, read secrets, write logs, be reached.

IAM judges every step as a call of the execution role, and those of Session Manager's agent
in a container as calls of the task's own. Errors have AWS's words, because people and
prefect-aws read the reason from them.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any, Callable

from tests.cloud.account import backend
from tests.cloud.call import AwsError, Call
from tests.cloud.credentials import session_of

ECR_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/([^:@]+)(?::([^@]+))?(?:@(.+))?"
)
INITIALIZATION = "ResourceInitializationError: "
UNABLE = (
    f"{INITIALIZATION}unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve "
)


# What Session Manager's agent in a container calls:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
CHANNELS = [
    f"{verb}{kind}Channel"
    for kind in ("Control", "Data")
    for verb in ("Create", "Open")
]


class TaskFailedToStart(Exception):
    """Failure of a task before it runs, with the reason that the task shows."""


class Agent:
    """ECS's agent, which acts with the execution role of one task."""

    def __init__(
        self, admit: Callable[[Call], None], role_arn: str | None, task_id: str
    ) -> None:
        self._admit = admit
        self._key = session_of(role_arn, task_id).access_key_id if role_arn else ""

    def pull(self, image: str) -> None:
        """Check that the image exists. Images of other registries count as existing."""
        found = ECR_IMAGE.fullmatch(image)
        if not found:
            return
        repository, tag, digest = found.groups()
        try:
            self._call("ecr", "GetAuthorizationToken")
        except AwsError as error:
            raise TaskFailedToStart(
                f"{UNABLE}ecr registry auth: service call has been retried 1 time(s):"
                f" {error}"
            ) from error
        try:
            for action in (
                "BatchCheckLayerAvailability",
                "GetDownloadUrlForLayer",
                "BatchGetImage",
            ):
                self._call("ecr", action, repositoryName=repository)
        except AwsError as error:
            raise TaskFailedToStart(
                "CannotPullContainerError: pull image manifest has been retried 1"
                f" time(s): failed to resolve ref {image}: {error}"
            ) from error
        if not _pushed(repository, tag or "latest", digest):
            raise TaskFailedToStart(
                "CannotPullContainerError: pull image manifest has been retried 1"
                f" time(s): failed to resolve ref {image}: {image}: not found"
            )

    def secret(self, reference: str) -> str:
        """Return the value of a secret's ARN, which may name a key of its JSON."""
        parts = reference.split(":")
        arn, key = ":".join(parts[:7]), "".join(parts[7:8])
        try:
            self._call("secretsmanager", "GetSecretValue", SecretId=arn)
            secret = backend("secretsmanager").secrets.get(arn)
            if secret is None or secret.is_deleted():
                raise AwsError(
                    "ResourceNotFoundException",
                    "Secrets Manager can't find the specified secret.",
                )
        except AwsError as error:
            raise TaskFailedToStart(
                f"{UNABLE}secret from asm: service call has been retried 1 time(s):"
                f" failed to fetch secret {reference} from secrets manager: {error}"
            ) from error
        value = secret.versions[secret.default_version_id]["secret_string"]
        if not key:
            return value
        try:
            return json.loads(value)[key]
        except (ValueError, KeyError) as error:
            raise TaskFailedToStart(
                f"{UNABLE}secret from asm: service call has been retried 1 time(s):"
                f" retrieved secret from Secrets Manager did not contain json key {key}"
            ) from error

    def is_reached_in(self, container: dict[str, Any]) -> bool:
        """Return whether Session Manager's agent works in a container, as this role.

        AWS does not support it where the root file system is read-only.
        """
        if not self._key or container.get("readonlyRootFilesystem"):
            return False
        try:
            for action in CHANNELS:
                self._call("ssmmessages", action)
        except AwsError:
            return False
        return True

    def open_log(self, options: dict[str, str], container: str, task_id: str) -> Log:
        """Create the stream for the container's output."""
        group = options["awslogs-group"]
        prefix = options.get("awslogs-stream-prefix", "ecs")
        stream = f"{prefix}/{container}/{task_id}"
        names = {"logGroupName": group, "logStreamName": stream}
        logs = backend("logs")
        try:
            if options.get("awslogs-create-group") == "true":
                self._call("logs", "CreateLogGroup", logGroupName=group)
                if group not in logs.groups:
                    logs.create_log_group(group, {})
            self._call("logs", "CreateLogStream", **names)
            if group not in logs.groups:
                raise AwsError(
                    "ResourceNotFoundException",
                    "The specified log group does not exist.",
                )
            logs.create_log_stream(group, stream)
            self._call("logs", "PutLogEvents", **names)
        except AwsError as error:
            raise TaskFailedToStart(
                f"{INITIALIZATION}failed to validate logger args: create stream has been"
                " retried 1 times: failed to create Cloudwatch log stream:"
                f" {error} : exit status 1"
            ) from error
        return Log(group, stream)

    def _call(self, service: str, action: str, **parameters: Any) -> None:
        self._admit(Call(self._key, service, action, parameters))


class Log:
    """A container's stream in CloudWatch."""

    def __init__(self, group: str, stream: str) -> None:
        self._group, self._stream = group, stream

    def write(self, lines: list[str]) -> None:
        """Write lines with the current time."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line]
        # the group can be deleted while a task still writes
        if events and self._group in backend("logs").groups:
            backend("logs").put_log_events(self._group, self._stream, events)


def _pushed(repository: str, tag: str, digest: str | None) -> bool:
    known = backend("ecr").repositories.get(repository)
    images = known.images if known else []
    return any(
        image.get_image_digest() == digest if digest else tag in image.image_tags
        for image in images
    )
