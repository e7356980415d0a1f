"""Clients of AWS, and its refusals in plain words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator

from utils.errors import ClearError, sentence
from utils.redaction.known_secrets import remember_secrets

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# With botocore's own limits a machine that has no way to AWS would wait for five minutes.
CONNECT_SECONDS = 5
READ_SECONDS = 30

NOTHING_CHANGED = "Nothing was changed."
NOT_THERE = {
    "ValidationError",  # CloudFormation's word for it
    "ResourceNotFoundException",
    "InvalidRequestException",  # a secret that is marked for deletion
}


class NotThere(ClearError):
    """AWS has nothing of that name."""


class NoAws(ClearError):
    """AWS cannot be asked."""


class AwsUnavailable(NoAws, ConnectionError):
    """AWS is out of reach or too busy, which passes by itself."""


def aws_client(service: str, outcome: str = NOTHING_CHANGED, **settings: Any) -> Any:
    """Return a client for the account and region of AWS's own environment variables.

    Args:
        service: AWS's name of the service.
        outcome: Sentence of an error that says what was not done.
        settings: Other values of botocore's settings.

    Raises:
        NoAws: The environment names no region, or a profile that does not exist.
    """
    # botocore, because boto3 takes another half a second to import
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    usual = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": "standard"},
    }
    try:
        client = botocore.session.get_session().create_client(
            service, config=Config(**usual | settings)
        )
    except (BotoCoreError, ValueError) as error:  # ValueError: a malformed endpoint
        raise _no_aws(error, outcome) from error
    client.meta.events.register("before-send", _remember_session)
    return client


def _remember_session(request: Any, **_: Any) -> None:
    """Keep the session's token, which a proxy may repeat, out of what is published."""
    if token := request.headers.get("X-Amz-Security-Token"):
        remember_secrets(token.decode() if isinstance(token, bytes) else token)


@contextmanager
def asking_aws(
    what: str, right: str, nowhere: str, outcome: str = NOTHING_CHANGED
) -> Iterator[None]:
    """Turn botocore's errors into plain ones.

    Args:
        what: Name of the object that AWS is asked for.
        right: IAM action that the question takes, as `cloudformation:DescribeStacks`.
        nowhere: Text of the error if AWS has no such object.
        outcome: Sentence of an error that says what was not done.

    Raises:
        NotThere: AWS has no such object.
        NoAws: AWS does not answer, or is too busy.
        ClearError: AWS refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError  # a proxy's page, for example

    try:
        yield
    except (BotoCoreError, ResponseParserError) as error:
        raise _no_aws(error, outcome) from error
    except ClientError as error:
        if error.response["Error"].get("Code") in NOT_THERE:
            raise NotThere(nowhere) from error
        raise _refusal(error, what, right, outcome) from error


def _no_aws(error: Exception, outcome: str) -> NoAws:
    from botocore import exceptions

    passing = (
        exceptions.ConnectionError,
        exceptions.CredentialRetrievalError,
        exceptions.HTTPClientError,
    )
    error_class = AwsUnavailable if isinstance(error, passing) else NoAws
    return error_class(
        f"AWS could not be asked: {sentence(error)} {outcome} It takes credentials"
        " (AWS_PROFILE, or aws sso login), a region (AWS_DEFAULT_REGION) and a network"
        " to AWS."
    )


def _refusal(error: ClientError, what: str, right: str, outcome: str) -> ClearError:
    answer = error.response["Error"]
    code = answer.get("Code", "")
    message = answer.get("Message") or code
    refused = f"AWS refuses {what}: {sentence(message)} {outcome}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if "Throttling" in code or status >= 500:
        return AwsUnavailable(f"{refused} That was tried several times. Retry later.")
    if code == "DecryptionFailure" or "KMS" in message:
        return ClearError(
            f"{refused} It takes the right kms:Decrypt on the key that encrypts the"
            " secret, and the key has to be enabled."
        )
    return ClearError(
        f"{refused} It takes credentials that are good, and the right {right}."
    )
