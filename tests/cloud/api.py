"""CloudFormation's own calls of AWS's API, fitted to botocore's models.

Templates write `MaxAttempts: "3"` where the API takes `maxAttempts=3`. The fitting knows
from the model what an operation takes, and fails on what it does not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.cloud.account import CLOUDFORMATION_KEY, REGION

CONVERSIONS = {
    "boolean": lambda value: str(value).lower() == "true",
    "double": float,
    "float": float,
    "integer": int,
    "long": int,
    "string": lambda value: (
        str(value).lower() if isinstance(value, bool) else str(value)
    ),
}


class Api:
    """Calls as CloudFormation, on whom IAM has no say here."""

    def __init__(self, url: str) -> None:
        self._session = boto3.Session(CLOUDFORMATION_KEY, "secret", region_name=REGION)
        self._url = url

    def call(self, service: str, operation: str, /, **parameters: Any) -> Any:
        """Call an operation with a template's values."""
        client = self._client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = {k: v for k, v in parameters.items() if v is not None}
        return getattr(client, xform_name(operation))(**fit(shape, given))

    @lru_cache(maxsize=None)
    def _client(self, service: str) -> Any:
        settings = Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
        )
        return self._session.client(service, endpoint_url=self._url, config=settings)


def fit(shape: Shape, value: Any) -> Any:
    """The value as the shape wants it: names with their case, and types."""
    if isinstance(shape, StructureShape):
        members = {name.lower(): name for name in shape.members}
        unknown = [name for name in value if name.lower() not in members]
        if unknown:
            raise ValueError(f"{shape.name} has no {', '.join(unknown)}.")
        names = {given: members[given.lower()] for given in value}
        return {
            names[given]: fit(shape.members[names[given]], each)
            for given, each in value.items()
        }
    if isinstance(shape, ListShape):
        return [fit(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        return {str(key): fit(shape.value, each) for key, each in value.items()}
    return CONVERSIONS.get(shape.type_name, lambda given: given)(value)
