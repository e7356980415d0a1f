"""What an HTTP API answered, in plain words and without secrets."""

from __future__ import annotations

from contextlib import contextmanager
from http.client import responses
from typing import TYPE_CHECKING, Any, Iterator
from urllib.parse import urlsplit

from utils.errors import ClearError

if TYPE_CHECKING:
    from requests import PreparedRequest, RequestException, Response

LONGEST_EXCERPT = 200


class ApiError(ClearError):
    """An API refused a request, answered nonsense, or could not be reached."""


@contextmanager
def as_documented(source: str, what: str) -> Iterator[None]:
    """Say where it was that something is missing from an answer, or of another type."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ApiError(
            f"{source}: {what} is not as the API documents it ({error!r}). Nothing was"
            f" loaded. Has the API changed? Then sources/{source}.py has to follow."
        ) from error


def api_error(error: RequestException, source: str) -> ApiError:
    """The error in one line: which request, which answer, what to do.

    Args:
        error: raised by requests, after its retries.
        source: the dlt source's name, under which its settings and secrets stand.
    """
    from requests import JSONDecodeError

    if isinstance(error, JSONDecodeError):
        what = f"an answer is not JSON but begins with {error.doc[:40]!r}"
        what_to_do = "Is the address in the settings that of the API?"
    elif error.response is not None:
        what = f"{_named(error.request)} was answered {_answered(error.response)}"
        what_to_do = _what_to_do(error.response, source)
    else:
        # not the error's own text, which has the query too
        what = f"{_named(error.request)} had no whole answer ({type(error).__name__})"
        what_to_do = (
            "Is the address right, and the network there? Then try again later."
        )
    return ApiError(f"{source}: {what}. Nothing was loaded. {what_to_do}")


def _named(request: PreparedRequest | Any) -> str:
    """Method and address, without the query, in which some APIs want their key."""
    if request is None or request.url is None:
        return "a request"
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.hostname}{parts.path}"


def _answered(response: Response) -> str:
    status = response.status_code
    said = " ".join(_said(response).split())[:LONGEST_EXCERPT].rstrip(".")
    return f"{status} {responses.get(status, '')}".rstrip() + (said and f": {said}")


def _said(response: Response) -> str:
    """The message of the API's error, wherever such messages usually stand."""
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
        return "That is a limit on requests. It passes by itself: try again later."
    if status in (401, 403):
        return (
            f"Its credentials are wrong, or lack a right: sources.{source} in"
            f" .dlt/secrets.toml or the environment, dlt/sources/{source} in the vault."
        )
    if status == 429 or status >= 500:
        return "That was tried several times. Try again later."
    return (
        "The request would be answered the same again: mend the source or its settings."
    )
