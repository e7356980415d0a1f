"""What CloudFormation reads of a stack's resources, as the schemas of their types list it."""

from __future__ import annotations

from typing import Any

from tests.cloud.api import Api
from tests.cloud.schemas import reads_of
from tests.cloud.stack_types import Made
from tests.infrastructure.aws_requests import names_of, request_for


def read(api: Api, kind: str, made: Made, handler: str) -> None:
    """Make the reading calls of a type's handler, which IAM judges and nothing answers."""
    for action in reads_of(kind, handler) if api.has_role else ():
        request = request_for(action, _names(made))
        api.ask(request.service, request.operation, request.parameters)


def _names(made: Made) -> dict[str, Any]:
    """Return the parameters that name a resource."""
    found = [made.id, *made.attributes.values()]
    arns = [each for each in found if isinstance(each, str) and _is_arn(each)]
    return names_of(arns[0]) if arns else {}


def _is_arn(value: str) -> bool:
    return value.startswith("arn:") and value.count(":") >= 5
