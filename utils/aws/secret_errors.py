"""What AWS Secrets Manager answers instead of a secret, in plain words."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from utils.errors import ClearError, sentence

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)


class VaultError(ClearError):
    """A secret cannot be read, or is not what it has to be."""


class VaultUnavailable(VaultError, ConnectionError):
    """AWS Secrets Manager does not answer, or is too busy. That passes."""


def error_of_aws(error: BotoCoreError | ClientError, name: str) -> VaultError | None:
    """The error that names the secret and what to do. None if there is no such secret."""
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        kind = VaultUnavailable if _passes(error) else VaultError
        return kind(
            f"The secret {name} could not be asked for: {sentence(error)} Nothing was"
            " loaded. The vault is on (PROVIDERS__ENABLE_AWS_SECRETS): that takes AWS"
            " credentials, a region (AWS_DEFAULT_REGION) and a way to AWS Secrets Manager."
        )
    answer = error.response["Error"]
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code == "ResourceNotFoundException":
        return None
    if code == "InvalidRequestException":
        logger.warning(
            "The secret %s is marked for deletion, and counts as not there", name
        )
        return None
    busy = (
        "Throttling" in code
        or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    )
    kind = VaultUnavailable if busy else VaultError
    return kind(
        f"AWS Secrets Manager refuses the secret {name}: {sentence(message or code)}"
        f" Nothing was loaded. {_what_to_do(code, message, busy)}"
    )


def _passes(error: BotoCoreError) -> bool:
    from botocore import exceptions

    return isinstance(
        error,
        (
            exceptions.ConnectionError,
            exceptions.CredentialRetrievalError,
            exceptions.HTTPClientError,
        ),
    )


def _what_to_do(code: str, message: str, busy: bool) -> str:
    if busy:
        return "That was tried several times. Try again later."
    if code == "DecryptionFailure" or "KMS" in message:
        return (
            "The flow's role needs kms:Decrypt on the key that encrypts the secret, and"
            " the key has to be enabled."
        )
    if code == "AccessDeniedException":
        return (
            "The flow's role needs secretsmanager:GetSecretValue on all of dlt/*: AWS"
            " answers like this, too, if there is no such secret."
        )
    return "Are the AWS credentials of this run still good?"
