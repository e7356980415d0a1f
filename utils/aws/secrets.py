"""Texts of secrets in AWS Secrets Manager."""

from __future__ import annotations

import logging
from typing import Any

from utils.aws.client import NOTHING_CHANGED, NotThere, asking_aws, aws_client
from utils.aws.secret_content import SecretError, remember_content

logger = logging.getLogger(__name__)

RIGHT = "secretsmanager:GetSecretValue"


class SecretReader:
    """Reader of secrets, with one client for all of them."""

    def __init__(self, right: str = RIGHT, outcome: str = NOTHING_CHANGED) -> None:
        """Prepare to read; AWS is not asked before a secret is.

        Args:
            right: IAM action, with its resources, that an error of AWS advises.
            outcome: Sentence of an error that says what was not done.
        """
        self._right = right
        self._outcome = outcome
        self._client: Any = None

    def read(self, name: str) -> str:
        """Return a secret's text.

        Raises:
            NotThere: The secret does not exist, or is marked for deletion.
            NoAws: AWS cannot be asked.
            SecretError: The secret holds no text.
            ClearError: AWS refuses the secret.
        """
        if self._client is None:
            self._client = aws_client("secretsmanager", self._outcome)
        nowhere = f"the secret {name} is not there, create it"
        try:
            with asking_aws(f"the secret {name}", self._right, nowhere, self._outcome):
                answer = self._client.get_secret_value(SecretId=name)
        except NotThere as error:
            if "InvalidRequestException" in str(error.__cause__):
                logger.warning(
                    "The secret %s is marked for deletion, and counts as missing", name
                )
            raise
        if not (text := answer.get("SecretString", "").strip()):
            raise SecretError(
                f"The secret {name} holds no text: it is binary or empty. {self._outcome}"
                " Store its value as a text."
            )
        remember_content(text, name)
        return text


def read_secret(name: str) -> str:
    """Return a secret's text; raises as `SecretReader.read`."""
    return SecretReader().read(name)
