"""The one account and region of the fake, and moto's side of each service in it."""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend

from tests.fakes.aws import ADMINISTRATOR, REGION

ACCOUNT = "123456789012"
ADMINISTRATOR_KEY = ADMINISTRATOR["AWS_ACCESS_KEY_ID"]
# of whoever acts in AWS itself, on whom IAM has no say here
CLOUDFORMATION_KEY = "cloudformation"
GLOBAL_SERVICES = ("budgets", "iam", "s3", "sts")


def backend(service: str) -> Any:
    """What moto keeps of a service."""
    place = "aws" if service in GLOBAL_SERVICES else REGION
    return get_backend(service)[ACCOUNT][place]  # type: ignore[call-overload]


def arn(service: str, resource: str) -> str:
    """The ARN of a resource of this account and region."""
    region = "" if service in GLOBAL_SERVICES else REGION
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"
