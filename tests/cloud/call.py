"""A call of AWS's API, read from its HTTP request as botocore's models describe it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from tests.cloud.account import REGION

CREDENTIAL = re.compile(r"Credential=([^/,&]+)/\d+/([^/]*)/([^/,&]+)/")
# botocore's name of a service, by the name that signs its requests
SIGNED_AS = {
    "cloudcontrolapi": "cloudcontrol",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
}


class AwsError(Exception):
    """Error that AWS answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Call:
    """Call of AWS: the caller's key, service, action and parameters."""

    key: str
    """Access key that signed the call; empty if it is unsigned."""
    service: str
    action: str
    parameters: dict[str, Any]
    operation: OperationModel | None = None
    protocol: str = ""
    region: str = REGION

    def refused(self, error: AwsError) -> Response:
        """Return the error in the service's own format."""
        assert self.operation is not None
        serializer = get_serializer_class(self.service, self.protocol)(self.operation)
        answer = serializer.serialize(error)
        headers = dict(answer["headers"]) | {"x-amzn-RequestId": "refused"}
        return Response(answer["body"], error.status, headers)


def call_of(environ: dict[str, Any]) -> Call | None:
    """Return the call of a WSGI request; None if botocore does not know it.

    The request's body can be read again afterwards.
    """
    signed = environ.get("HTTP_AUTHORIZATION") or unquote(environ["QUERY_STRING"])
    found = CREDENTIAL.search(signed.replace("X-Amz-Credential=", "Credential="))
    key, region, name = found.groups() if found else ("", REGION, "sts")
    service = SIGNED_AS.get(name, name)
    body = _body(environ, service)
    request = Request(environ | {"wsgi.input": io.BytesIO(body)})
    try:
        model = get_service_model(service)
        protocol = determine_request_protocol(model, request.content_type)
        operation, in_path = get_service_router(service).match(request)
    except (NotFound, NotImplementedError, ValueError):
        return None
    parameters = PROTOCOL_PARSERS[protocol](operation, map_type=dict).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    return Call(
        key, service, operation.name, parameters or {}, operation, protocol, region
    )


def key_in(authorization: str) -> str:
    """Return the access key of a signed request."""
    found = CREDENTIAL.search(authorization)
    return found[1] if found else ""


def _body(environ: dict[str, Any], service: str) -> bytes:
    """Read the body, except that of an upload to S3, which can be long."""
    if service == "s3" and environ["REQUEST_METHOD"] != "POST":
        return b""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
