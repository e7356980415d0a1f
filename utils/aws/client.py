"""Asks AWS, and says in plain words what it answers instead."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from utils.errors import ClearError, sentence

# With botocore's own limits a machine that has no way to AWS would wait for five minutes.
CONNECT_SECONDS = 5
READ_SECONDS = 30

NOT_THERE = {
    "ValidationError",  # CloudFormation's word for it
    "ResourceNotFoundException",
    "InvalidRequestException",  # a secret that is marked for deletion
}


class NotThere(ClearError):
    """AWS knows nothing of that name."""


class NoAws(ClearError):
    """It could not be asked at all."""


def aws_client(service: str) -> Any:
    """A client of boto3 in the account and region that AWS's own environment names.

    Raises:
        NoAws: It names no region, or a profile that is not there.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.Session().client(
            service,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard"},
            ),
        )
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is none
        raise _unusable(error) from error


@contextmanager
def asking_aws(what: str, right: str, nowhere: str) -> Iterator[None]:
    """Say in plain words what AWS answers instead.

    Args:
        what: was asked for.
        right: takes it, as `cloudformation:DescribeStacks`.
        nowhere: says that it is not there.

    Raises:
        NotThere: with the text `nowhere`.
        NoAws: AWS does not answer.
        ClearError: It refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except BotoCoreError as error:
        raise _unusable(error) from error
    except ClientError as error:
        answer = error.response["Error"]
        if answer.get("Code") in NOT_THERE:
            raise NotThere(nowhere) from error
        raise ClearError(
            f"AWS refuses {what}: {sentence(answer.get('Message') or answer.get('Code'))}"
            f" Nothing was changed. It takes credentials that are good, and the right"
            f" {right}."
        ) from error


def _unusable(error: Exception) -> NoAws:
    return NoAws(
        f"AWS could not be asked: {sentence(error)} Nothing was changed. It takes"
        " credentials (AWS_PROFILE, or aws sso login), a region (AWS_DEFAULT_REGION) and a"
        " way to AWS."
    )
