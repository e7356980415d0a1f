"""The fake's single account and region, and moto's backend of each service."""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend

from tests.fakes.aws import ADMINISTRATOR, REGION

ACCOUNT = "123456789012"
ADMINISTRATOR_KEY = ADMINISTRATOR["AWS_ACCESS_KEY_ID"]
# key of AWS itself; IAM does not judge its calls here
CLOUDFORMATION_KEY = "cloudformation"
GLOBAL_SERVICES = ("budgets", "iam", "s3", "sts")


def backend(service: str) -> Any:
    """Return moto's state of a service."""
    place = "aws" if service in GLOBAL_SERVICES else REGION
    return get_backend(service)[ACCOUNT][place]  # type: ignore[call-overload]


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource in this account and region."""
    region = "" if service in GLOBAL_SERVICES else REGION
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"
