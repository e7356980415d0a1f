"""CloudFormation's calls of AWS's API, fitted to botocore's models.

Templates write `MaxAttempts: "3"` where the API takes `maxAttempts=3`. `fit` knows an
operation's parameters from the model, and rejects unknown ones.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Callable, Iterator

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session

from tests.cloud.account import CLOUDFORMATION_KEY, REGION
from tests.cloud.credentials import session_of, session_of_caller
from tests.cloud.dry_run import ALLOWED, dry
from tests.cloud.throttling import THROTTLED

ATTEMPTS = 3
READING = ("Describe", "Get", "List")
# A template's dynamic references, which are resolved with the stack's rights.
SECRET = "GetSecretValue"
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
    """AWS's API, called as a stack's service role if it has one, or as a role that calls.

    IAM judges these calls. AWS's own handlers make more calls than this class: a role
    that suffices here can lack a right on AWS. CloudFormation itself makes calls that
    only read, because AWS's handlers may read otherwise.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._role: ContextVar[Any] = ContextVar("role", default=None)
        self._stack: ContextVar[str] = ContextVar("stack", default="")
        self._tags: ContextVar[bool] = ContextVar("tags", default=True)
        self._loader = get_session().get_component("data_loader")

    @contextmanager
    def acting_for(self, stack: str, role_arn: str | None) -> Iterator[None]:
        """Make the calls in this context as the stack's role, or else as its caller's."""
        session = session_of_caller()
        if role_arn:
            session = session_of(role_arn, "AWSCloudFormation")
        tokens = self._role.set(session), self._stack.set(stack)
        try:
            yield
        finally:
            self._role.reset(tokens[0])
            self._stack.reset(tokens[1])

    @contextmanager
    def without_tags(self) -> Iterator[None]:
        """Have no tags of the stack in this context."""
        token = self._tags.set(False)
        try:
            yield
        finally:
            self._tags.reset(token)

    @property
    def has_role(self) -> bool:
        """Whether a role makes the calls: the stack's, or its caller's."""
        return self._role.get() is not None

    @property
    def system_tags(self) -> list[dict[str, str]]:
        """Tags that only CloudFormation can set."""
        if not self._tags.get():
            return []
        return [{"Key": "aws:cloudformation:stack-name", "Value": self._stack.get()}]

    def call(self, service: str, operation: str, /, **parameters: Any) -> Any:
        """Call an operation with a template's values."""
        reads = operation.startswith(READING) and operation != SECRET
        role = None if reads else self._role.get()
        client = self._client(service, role)
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = {k: v for k, v in parameters.items() if v is not None}
        return _retried(getattr(client, xform_name(operation)), fit(shape, given))

    def ask(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """Have IAM judge a call as the stack's role, without making it."""
        if role := self._role.get():
            client = self._client(service, role, dry_run=True)
            try:
                _retried(getattr(client, xform_name(operation)), parameters)
            except ClientError as error:
                if error.response["Error"]["Code"] != ALLOWED:
                    raise

    @lru_cache(maxsize=None)
    def _client(self, service: str, role: Any, dry_run: bool = False) -> Any:
        keys = (CLOUDFORMATION_KEY, "secret", None)
        if role:
            keys = (role.access_key_id, role.secret_access_key, role.session_token)
        session = get_session()
        session.register_component("data_loader", self._loader)
        session.set_credentials(*keys)
        client = session.create_client(
            service,
            region_name=REGION,
            endpoint_url=self._url,
            config=Config(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        )
        return dry(client) if dry_run else client


def _retried(operation: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """Make a call, and again if it is throttled, as CloudFormation does."""
    for _ in range(ATTEMPTS - 1):
        try:
            return operation(**parameters)
        except ClientError as error:
            if error.response["Error"]["Message"] != THROTTLED:
                raise
    return operation(**parameters)


def fit(shape: Shape, value: Any) -> Any:
    """Convert a value to the shape's types and its names' case."""
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
