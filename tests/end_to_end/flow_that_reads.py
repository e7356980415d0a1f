"""A flow that tries to read secrets, as a bad dependency of it would."""

from __future__ import annotations

import boto3
from botocore.exceptions import ClientError
from prefect import flow
from prefect.logging import get_run_logger


@flow(name="read_secrets")
def read_secrets(names: list[str]) -> None:
    client, log = boto3.client("secretsmanager"), get_run_logger()
    for name in names:
        try:
            client.get_secret_value(SecretId=name)
            answer = "read"
        except ClientError as error:
            answer = error.response["Error"]["Code"]
        log.info("%s: %s", name, answer)
