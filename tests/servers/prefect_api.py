"""Reads of a run's logs, artifacts and deployment from the Prefect API."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import httpx
from prefect.client.schemas.objects import Log
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL

from tests.fakes.http_server import Answer, Request

BUSY_SECONDS = 60


def ask(method: str, url: str, **options: Any) -> httpx.Response:
    """Send a request as Prefect's client does, without the certificates of authorities.

    A server with SQLite says 503 while it writes something else.
    """
    if method != "GET":
        options["headers"] = csrf_headers(url)
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        answer = httpx.request(method, url, verify=False, **options)
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def csrf_headers(url: str) -> dict[str, str]:
    """Return what proves that a request to the API is no page's of another origin."""
    api, _, _ = url.partition("/api/")
    client = str(uuid4())  # a second token of a client ends its first
    found = ask("GET", f"{api}/api/csrf-token?client={client}")
    token = found.raise_for_status().json()["token"]
    return {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}


def forward(request: Request, url: str) -> Answer:
    """Send a request of a proxy to Prefect's API, and return what it answers."""
    kept = {k: v for k, v in request.headers.items() if "csrf" in k}
    answer = httpx.request(
        request.method,
        url,
        verify=False,
        params=request.query,
        content=request.body,
        headers=kept | {"Content-Type": "application/json"},
        timeout=60,
    )
    kept = {"Content-Type": answer.headers.get("Content-Type", "")}
    return Answer(answer.content, answer.status_code, kept)


def logs_of(flow_run_id: UUID) -> list[Log]:
    """Return the log lines of a run and its tasks, in the order of writing."""
    APILogHandler().flush()
    found = _of_run("logs", flow_run_id, sort="TIMESTAMP_ASC")
    return [Log.model_validate(each) for each in found]


def artifacts_of(flow_run_id: UUID) -> dict[str, dict[str, Any]]:
    """Return a run's artifacts by key."""
    return {each["key"]: each for each in _of_run("artifacts", flow_run_id)}


def descriptions_of(flow_run_id: UUID, key: str) -> list[str]:
    """Return the descriptions of a run's artifacts of one key, the oldest first."""
    found = [e for e in _of_run("artifacts", flow_run_id) if e["key"] == key]
    return [each["description"] for each in sorted(found, key=lambda e: e["created"])]


def deployment_named(name: str) -> dict[str, Any]:
    """Return a deployment by its flow's and its own name: `exchange_rates/dev`."""
    found = ask("GET", f"{PREFECT_API_URL.value()}/deployments/name/{name}")
    return found.raise_for_status().json()


def flow_run_with(flow_run_id: UUID) -> dict[str, Any]:
    """Return a run by its id."""
    found = ask("GET", f"{PREFECT_API_URL.value()}/flow_runs/{flow_run_id}")
    return found.raise_for_status().json()


def _of_run(what: str, flow_run_id: UUID, **options: str) -> list[dict[str, Any]]:
    only = {what: {"flow_run_id": {"any_": [str(flow_run_id)]}}}
    url = f"{PREFECT_API_URL.value()}/{what}/filter"
    return ask("POST", url, json=only | options).raise_for_status().json()
