"""Gate before moto: every call is throttled, judged by IAM and logged.

Tests control it over HTTP under `/_cloud/`, with JSON in and out.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Iterable

from werkzeug.datastructures import EnvironHeaders
from werkzeug.wrappers import Request, Response

from tests.cloud import dry_run, iam
from tests.cloud.call import AwsError, Call, call_of
from tests.cloud.call_log import CallLog
from tests.cloud.credentials import signed_by
from tests.cloud.needs import needs
from tests.cloud.switches import SWITCHES, check_cluster
from tests.cloud.throttling import Throttling

CONTROL = "/_cloud/"
Control = Callable[[dict[str, Any]], Any]


class Gate:
    """WSGI application that wraps moto's."""

    def __init__(self, behind: Any) -> None:
        self.behind = behind
        self.enforcing = False
        self.log = CallLog()
        self.throttling = Throttling()
        self.controls: dict[str, Control] = {
            "calls": self.log.find,
            "forget_calls": lambda _: self.log.clear(),
            "throttle": lambda wanted: self.throttling.refuse(**wanted),
            "enforce": self._enforce,
            "switch": SWITCHES.set,
        }

    def admit(self, call: Call) -> None:
        """Judge and log an internal call, such as Fargate's."""
        caller = iam.caller_of(call.key)
        try:
            self.throttling.check(call, only_counted=True)
            self._check(call, caller)
        except AwsError as error:
            self.log.add(call, caller.name if caller else "", error.status)
            raise
        self.log.add(call, caller.name if caller else "", 200)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(CONTROL):
            return self._control(Request(environ), path)(environ, start_response)
        if path.startswith("/moto-api"):
            return self.behind(environ, start_response)
        call = call_of(environ)
        if call is None:
            return self.behind(environ, start_response)
        caller = iam.caller_of(call.key)
        who = caller.name if caller else ""
        try:
            self.throttling.check(call)
            self._check(call, caller)
            if dry_run.HEADER in EnvironHeaders(environ):
                raise _would_have_succeeded(call)
            check_cluster(call)
        except AwsError as error:
            self.log.add(call, who, error.status)
            return call.refused(error)(environ, start_response)

        def answered(status: str, *rest: Any) -> Any:
            self.log.add(call, who, int(status.split()[0]))
            return start_response(status, *rest)

        with signed_by(call.key):
            return self.behind(environ, answered)

    def _check(self, call: Call, caller: iam.Caller | None) -> None:
        if self.enforcing:
            iam.check(call, caller)

    def _control(self, request: Request, path: str) -> Response:
        name, _, rest = path.removeprefix(CONTROL).partition("/")
        wanted = json.loads(request.get_data() or "{}") | ({"id": rest} if rest else {})
        try:
            answer = self.controls[name](wanted)
        except Exception as error:  # the test sees it in no other way
            return Response(f"{type(error).__name__}: {error}", 400)
        return Response(json.dumps(answer), mimetype="application/json")

    def _enforce(self, wanted: dict[str, bool]) -> bool:
        """Turn IAM on or off, and return the previous setting."""
        before, self.enforcing = self.enforcing, wanted["on"]
        return before


def _would_have_succeeded(call: Call) -> AwsError:
    """Answer a dry run as EC2 does, with the call's action and parameters."""
    asked = ", ".join(f"{need.action} on {need.resource}" for need in needs(call))
    return AwsError(dry_run.ALLOWED, f"Request would have succeeded: {asked}", 412)
