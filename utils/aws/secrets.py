"""Secrets in AWS Secrets Manager that become part of a block."""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from utils.aws.client import NotThere, asking_aws, aws_client
from utils.errors import ClearError


class NotConfigured(ClearError):
    """There is no such secret: this team does not use what it is for."""


def secret_text(name: str) -> str:
    """What the secret holds.

    Raises:
        NotConfigured: It is not there.
        ClearError: It cannot be read, or holds no text.
    """
    nowhere = (
        f"not configured: the secret {name} is not there, create it to have this block"
    )
    client: Any = aws_client("secretsmanager")
    try:
        with asking_aws(f"the secret {name}", "secretsmanager:GetSecretValue", nowhere):
            answer = client.get_secret_value(SecretId=name)
    except NotThere as error:
        raise NotConfigured(str(error)) from error
    text = answer.get("SecretString", "").strip()
    if not text:
        raise ClearError(
            f"The secret {name} holds no text. Nothing was changed. Store its value as"
            " plain text."
        )
    return text


def single_secret(name: str) -> SecretStr:
    """The one value that the secret holds: as plain text, or as AWS's console writes it.

    The console's form for keys and values makes `{"<key>": "<value>"}` of it.
    """
    text = secret_text(name)
    if text.startswith("{"):
        try:
            values = list(json.loads(text).values())
        except json.JSONDecodeError:
            values = []
        if len(values) != 1 or not isinstance(values[0], str):
            raise ClearError(
                f"The secret {name} is not one value. Nothing was changed. Store it as"
                " plain text."
            )
        text = values[0].strip()
    return SecretStr(text)
