"""The Prefect server that PREFECT_API_URL names, and in plain words why it cannot be used."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import httpx
from prefect.client.orchestration import ServerType, SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL

from utils.errors import ClearError
from utils.errors.addresses import without_secrets

AGAIN = "Then run this again: it changes only what is still to change."
SECONDS_BEFORE_RETRY = (0.05, 0.1, 0.4, 1.6)
"""After the first answers 503 to a request. Then Prefect's client waits for 32 s."""


@contextmanager
def prefect_server() -> Iterator[SyncPrefectClient]:
    """A client of it.

    Raises:
        ClearError: None is named, or it does not answer, or it refuses.
    """
    url = PREFECT_API_URL.value()
    if url is None:
        raise ClearError(
            "No Prefect server is named. Nothing was changed. Keep `uv run prefect server"
            " start` open in another terminal and set"
            " PREFECT_API_URL=http://127.0.0.1:4200/api, or name your own server or your"
            " workspace of Prefect Cloud."
        )
    shown = without_secrets(url)
    try:
        hooks = {"response": [_soon_again]}
        with get_client({"event_hooks": hooks}, sync_client=True) as client:
            if client.server_type is ServerType.SERVER:
                # At a wrong address there would be nothing, and all would be made anew.
                if error := client.api_healthcheck():
                    raise error
            yield client
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status in (401, 403):
            advice = "Set PREFECT_API_KEY (Prefect Cloud) or PREFECT_API_AUTH_STRING."
        elif status == 404 and error.request.url.path.endswith("/health"):
            advice = "Correct PREFECT_API_URL, which ends with /api."
        else:
            advice = "Look at the server's log."
        raise ClearError(
            f"Prefect's API at {shown} refuses {error.request.method}"
            f" {error.request.url.path}: {status} {error.response.reason_phrase}. {advice}"
            f" {AGAIN}"
        ) from error
    except httpx.RequestError as error:
        raise ClearError(
            f"Prefect's API at {shown} does not answer: {error}. Start it, or correct"
            f" PREFECT_API_URL. {AGAIN}"
        ) from error


def _soon_again(response: httpx.Response) -> None:
    """Let a busy server's answer say when it can be asked again.

    Prefect's is often busy for some milliseconds where its database is SQLite, which
    refuses a transaction that another one overtook. Its client waits for 2 s at first.
    """
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        waits = response.request.extensions.setdefault(
            "waits", iter(SECONDS_BEFORE_RETRY)
        )
        if seconds := next(waits, None):
            response.headers.setdefault("Retry-After", str(seconds))
