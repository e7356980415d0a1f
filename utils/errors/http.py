"""Errors of HTTP APIs, in plain words and without secrets."""

from __future__ import annotations

from contextlib import contextmanager
from http.client import responses
from typing import TYPE_CHECKING, Any, Iterator
from urllib.parse import urlsplit

from utils.errors import ClearError
from utils.redaction.texts import redact

if TYPE_CHECKING:
    from requests import PreparedRequest, RequestException, Response

LONGEST_EXCERPT = 200
TIMEOUT_SETTING = (
    "request_timeout under [runtime] in .dlt/config.toml, or RUNTIME__REQUEST_TIMEOUT in"
    " the environment"
)


class ApiError(ClearError):
    """An API refused a request, sent a malformed answer, or could not be reached."""


@contextmanager
def as_documented(source: str, what: str) -> Iterator[None]:
    """Name the part of an answer in which a field is missing or has another type.

    Args:
        source: Name of the dlt source.
        what: Name of the answer's part.

    Raises:
        ApiError: The answer is not as documented.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ApiError(
            f"{source}: {what} is not as the API documents it ({error!r}). Nothing was"
            f" loaded. Has the API changed? Then sources/{source} has to follow."
        ) from error


def api_error(error: RequestException, source: str) -> ApiError:
    """Return the error in one line: which request, which answer, what to do.

    Args:
        error: Error that requests raised, after its retries.
        source: Name of the dlt source, under which its settings and secrets stand.
    """
    from requests import JSONDecodeError

    if isinstance(error, JSONDecodeError):
        what = (
            f"an answer is not JSON but begins with {redact(error.doc[:1000])[:40]!r}"
        )
        what_to_do = "Is the address in the settings that of the API?"
    elif error.response is not None:
        what = f"{_named(error.request)} was answered {_answered(error.response)}"
        what_to_do = _what_to_do(error.response, source)
    elif problem := no_answer(error):
        what = f"{_named(error.request)} failed: {problem[0]}"
        what_to_do = problem[1]
    else:
        # not the error's own text, which has the query too
        what = f"{_named(error.request)} had no whole answer ({type(error).__name__})"
        what_to_do = "Is the address right, and is there a network? Then retry later."
    return ApiError(f"{source}: {what}. Nothing was loaded. {what_to_do}")


def no_answer(error: RequestException) -> tuple[str, str] | None:
    """Tell what kept the server from answering, and what to do about it.

    Returns:
        None, if the server answered, or if the connection broke.
    """
    from requests import ConnectTimeout, ReadTimeout
    from urllib3.exceptions import NewConnectionError, ReadTimeoutError

    inner = error.args[0] if error.args else None
    if isinstance(error, ConnectTimeout):
        return (
            f"{_host(inner)} accepted no connection within {_request_timeout():g} s",
            "Is the address right, and is there a network? Then retry later. How long"
            f" a connection may take is {TIMEOUT_SETTING}.",
        )
    # If the headers came and the rest did not, requests calls it a ConnectionError.
    if isinstance(error, ReadTimeout) or isinstance(inner, ReadTimeoutError):
        return (
            f"{_host(inner)} sent nothing for {_request_timeout():g} s",
            "That was tried several times. If it needs longer to answer, raise"
            f" {TIMEOUT_SETTING}.",
        )
    reason = getattr(inner, "reason", None)
    if isinstance(reason, NewConnectionError):
        why = getattr(reason.__cause__, "strerror", None) or type(reason).__name__
        return (
            f"{_host(inner)} cannot be reached ({why})",
            "Is the address right, and is there a network? Then retry later.",
        )
    return None


def _host(error: Any) -> str:
    pool = getattr(error, "pool", None)
    return getattr(pool, "host", None) or "the server"


def _request_timeout() -> float:
    """Return the seconds that each attempt of dlt's requests waits for the next byte."""
    from dlt.common.configuration.resolve import resolve_configuration
    from dlt.common.configuration.specs import RuntimeConfiguration

    return resolve_configuration(RuntimeConfiguration()).request_timeout


def _named(request: PreparedRequest | Any) -> str:
    """Return method and address, without the query, which holds some APIs' key."""
    if request is None or request.url is None:
        return "a request"
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.hostname}{parts.path}"


def _answered(response: Response) -> str:
    status = response.status_code
    # An answer may repeat the request's token. Half of it would not be recognised.
    said = redact(" ".join(_said(response).split()))[:LONGEST_EXCERPT].rstrip(".")
    return f"{status} {responses.get(status, '')}".rstrip() + (said and f": {said}")


def _said(response: Response) -> str:
    """Return the message of the API's error, from where such messages usually stand."""
    try:
        content = response.json()
    except ValueError:
        return response.text
    while isinstance(content, (dict, list)) and content:
        if isinstance(content, list):
            content = content[0]
            continue
        for name in ("description", "message", "text", "errors", "error", "detail"):
            if content.get(name):
                content = content[name]
                break
        else:
            return response.text
    return str(content or "")


def _what_to_do(response: Response, source: str) -> str:
    status = response.status_code
    if status == 403 and "rate limit" in response.text.lower():
        return "That is a limit on requests. It passes by itself: retry later."
    if status in (401, 403):
        return (
            f"Its credentials are wrong, or lack a right: sources.{source} in"
            f" .dlt/secrets.toml or the environment, dlt/sources/{source} in the vault."
        )
    if status == 429 or status >= 500:
        return "That was tried several times. Retry later."
    return "A retry would get the same answer: fix the source or its settings."
