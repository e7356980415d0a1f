"""Secrets in AWS Secrets Manager, and who may read them."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator

import pytest

from tests.fakes.aws import Aws
from tests.repository.settings import forget_settings


@dataclass(frozen=True)
class Vault:
    """AWS Secrets Manager, where dlt looks for secrets as in production."""

    aws: Aws

    def put(self, name: str, content: str | bytes | dict[str, Any]) -> None:
        """Create the secret, or rotate it."""
        client = self.aws.client("secretsmanager")
        if isinstance(content, dict):
            content = json.dumps(content)
        kind = "SecretBinary" if isinstance(content, bytes) else "SecretString"
        try:
            client.create_secret(Name=name, **{kind: content})
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=name, **{kind: content})

    def delete(self, name: str) -> None:
        """Mark it for deletion, as the console does."""
        self.aws.client("secretsmanager").delete_secret(SecretId=name)

    def asked(self) -> list[str]:
        """The secrets that were asked for since the last time, one after the other."""
        from moto.moto_api import recorder

        requests = map(json.loads, recorder.download_recording().splitlines())
        recorder.reset_recording()
        return [
            json.loads(b64decode(request["body"]))["SecretId"]
            for request in requests
            if request["headers"].get("X-Amz-Target") == "secretsmanager.GetSecretValue"
        ]

    @contextmanager
    def reader(self, *names: str) -> Iterator[None]:
        """Be someone who may read these secrets and nothing else."""
        from moto.core.authorization import enable_iam_authentication
        from moto.iam.access_control import IAMRequest
        from moto.secretsmanager.responses import SecretsManagerResponse

        iam = self.aws.client("iam")
        iam.create_user(UserName="flow")
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": [
                    f"arn:aws:secretsmanager:*:*:secret:{each}" for each in names
                ],
            },
        }
        iam.put_user_policy(
            UserName="flow", PolicyName="read", PolicyDocument=json.dumps(policy)
        )
        key = iam.create_access_key(UserName="flow")["AccessKey"]
        with pytest.MonkeyPatch.context() as patch, enable_iam_authentication():
            patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
            # moto does not tell its IAM which secret is asked for, and refuses in XML
            patch.setattr(
                SecretsManagerResponse, "_determine_resource", _arn, raising=False
            )
            patch.setattr(IAMRequest, "_raise_access_denied", _deny)
            yield


@contextmanager
def vault_of(aws: Aws) -> Iterator[Vault]:
    """Turn it on, as production does."""
    from moto.moto_api import recorder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVIDERS__ENABLE_AWS_SECRETS", "true")
        forget_settings()
        recorder.reset_recording()
        recorder.start_recording()
        yield Vault(aws)
        recorder.stop_recording()
    forget_settings()


def _arn(request: Any) -> str:
    name = json.loads(request.body)["SecretId"]
    return f"arn:aws:secretsmanager:{request.region}:{request.current_account}:secret:{name}"


def _deny(request: Any) -> None:
    from moto.core.exceptions import JsonRESTError

    raise JsonRESTError(
        "AccessDeniedException",
        f"User: {request._access_key.arn} is not authorized to perform: {request._action}"
        f" because no identity-based policy allows the {request._action} action",
    )
