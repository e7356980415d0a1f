"""Client of the Prefect server in PREFECT_API_URL, with clear errors."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager
from itertools import count
from typing import Any, Callable, Iterator, Sequence, TypeVar

import httpx
from prefect.client.orchestration import ServerType, SyncPrefectClient, get_client
from prefect.context import refresh_global_settings_context
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_AUTH_STRING

from utils.errors import ClearError
from utils.errors.addresses import without_secrets

Item = TypeVar("Item")

PAGE = 200
"""The most items that Prefect's API returns at once."""
RUN_AGAIN = "Then run this again: it continues where it stopped."
SECONDS_BEFORE_RETRY = (0.05, 0.1, 0.4, 1.6)
"""Waits after the first answers 503 to a request. Then Prefect's client waits for 32 s."""


def protect_temporary_server() -> None:
    """Give the server that Prefect starts for this process alone a password of its own.

    Other users of the machine, and pages in a browser, could send it requests. Nothing is
    done if PREFECT_API_URL names a server.
    """
    if PREFECT_API_URL.value() is not None:
        return
    # the same one each time: the server lives as long as the process
    made = f"temporary:{secrets.token_urlsafe(32)}"
    password = PREFECT_SERVER_API_AUTH_STRING.value() or made
    os.environ["PREFECT_SERVER_API_AUTH_STRING"] = password
    os.environ["PREFECT_API_AUTH_STRING"] = password
    refresh_global_settings_context()


@contextmanager
def awaited_server(
    say: Callable[[str], object], seconds: float
) -> Iterator[SyncPrefectClient | None]:
    """Wait until the server in PREFECT_API_URL takes connections, and yield a client of it.

    Prefect's client retries only what it has once connected to. None is yielded if there is
    no server.

    Args:
        say: Function that shows a line to people.
        seconds: Longest wait.

    Raises:
        ClearError: It took none for so long.
    """
    if PREFECT_API_URL.value() is None:
        yield None
        return
    shown = without_secrets(server_address())
    deadline = time.monotonic() + seconds
    is_told = False
    with get_client(sync_client=True) as client:
        while isinstance(error := client.api_healthcheck(), httpx.ConnectError):
            if time.monotonic() > deadline:
                raise _no_answer(shown, error) from error
            if not is_told:
                say(
                    f"Prefect's API at {shown}: {error}. Waiting, at most {seconds:.0f} s"
                )
                is_told = True
            time.sleep(1)
        yield client


def _no_answer(shown: str, error: httpx.RequestError) -> ClearError:
    return ClearError(
        f"Prefect's API at {shown} does not answer: {error}. Start it, or correct"
        f" PREFECT_API_URL. {RUN_AGAIN}"
    )


def read_all(read: Callable[..., Sequence[Item]], **options: Any) -> Iterator[Item]:
    """Yield all that a method of Prefect's client reads by pages.

    Args:
        read: The method, which takes `limit` and `offset`.
        options: Its other arguments.
    """
    for offset in count(0, PAGE):
        page = read(limit=PAGE, offset=offset, **options)
        yield from page
        if len(page) < PAGE:
            return


def server_address() -> str:
    """Return the address of the server's API, which may have a password.

    Raises:
        ClearError: PREFECT_API_URL is not set.
    """
    url = PREFECT_API_URL.value()
    if url is None:
        raise ClearError(
            "PREFECT_API_URL is not set, so there is no Prefect server. Nothing was"
            " changed. Keep `uv run python -m infrastructure.local_server` open in another"
            " terminal and set PREFECT_PROFILE=data-platform, or set PREFECT_API_URL to the"
            " URL of your server or of your workspace in Prefect Cloud."
        )
    return url


@contextmanager
def prefect_server() -> Iterator[SyncPrefectClient]:
    """Yield a client of the server.

    Raises:
        ClearError: PREFECT_API_URL is not set, or the server refuses or does not answer.
    """
    shown = without_secrets(server_address())
    try:
        hooks = {"response": [_shorten_retry]}
        with get_client({"event_hooks": hooks}, sync_client=True) as client:
            if client.server_type is ServerType.SERVER:
                # At a wrong URL nothing would be found, and everything be created again.
                if error := client.api_healthcheck():
                    raise error
            yield client
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status in (401, 403):
            advice = (
                "Set PREFECT_API_KEY (Prefect Cloud), PREFECT_API_AUTH_STRING (a server"
                " of your own) or PREFECT_PROFILE=data-platform (the local server)."
            )
        elif status == 404 and error.request.url.path.endswith("/health"):
            advice = "Correct PREFECT_API_URL, which ends with /api."
        else:
            advice = "Look at the server's log."
        raise ClearError(
            f"Prefect's API at {shown} refuses {error.request.method}"
            f" {error.request.url.path}: {status} {error.response.reason_phrase}. {advice}"
            f" {RUN_AGAIN}"
        ) from error
    except httpx.RequestError as error:
        raise _no_answer(shown, error) from error


def _shorten_retry(response: httpx.Response) -> None:
    """Add a short Retry-After to a busy server's response.

    With SQLite, Prefect's server is often busy for milliseconds: SQLite refuses a
    transaction that another one overtook. Prefect's client would first wait for 2 s.
    """
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        waits = response.request.extensions.setdefault(
            "waits", iter(SECONDS_BEFORE_RETRY)
        )
        if seconds := next(waits, None):
            response.headers.setdefault("Retry-After", str(seconds))
