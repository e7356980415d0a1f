"""Log each minute whether Prefect's server works, for the alarms of prefect_server_ecs.yml.

`python -m infrastructure.server_pulse http://127.0.0.1:4200/api` prints lines such as
`{"ready": 1, "schedule_lag_seconds": 0}`: whether the server reaches its database, and for how
long the scheduler has owed a run. It makes a deployment's next run within a minute after a
time of its schedule; so once a time has passed, a newer run has to be there. The server itself
stays healthy when its scheduler ends.

It runs beside the server, and imports Python alone, because memory is scarce there.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

SECONDS_BETWEEN_LOOKS = 60
TIMEOUT = 20
# By which the scheduler has made the next run, if it was not just away.
GRACE = timedelta(minutes=10)
OF_SCHEDULES = {"tags": {"all_": ["auto-scheduled"]}}
MOST = 200  # of the API's answers


class Server:
    """A Prefect server's API, asked with its password."""

    def __init__(self, url: str, password: str) -> None:
        self._url, self._client = url, str(uuid4())
        encoded = base64.b64encode(password.encode()).decode()
        self._headers = {
            "Authorization": f"Basic {encoded}",
            "Content-Type": "application/json",
        }

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the answer to a request, a POST if it has a body.

        Raises:
            OSError: The server did not answer, or answered with an error.
        """
        headers = self._headers
        if body is not None:  # the proof that no page of another origin asks
            token = self.ask(f"/csrf-token?client={self._client}")["token"]
            headers = headers | {
                "Prefect-Csrf-Client": self._client,
                "Prefect-Csrf-Token": token,
            }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)


def look(server: Server, grace: timedelta = GRACE) -> dict[str, float]:
    """Return what is logged. The lag is left out if the server cannot be asked for it."""
    try:
        server.ask("/ready")
    except OSError:
        return {"ready": 0}
    return {"ready": 1, "schedule_lag_seconds": schedule_lag(server, grace)}


def schedule_lag(server: Server, grace: timedelta) -> float:
    """Return the seconds since a schedule's time for which the scheduler did nothing, or 0.

    Args:
        server: The server.
        grace: Time that the scheduler may take.
    """
    passed = _newest_runs(
        server,
        1,
        expected_start_time={"before_": (datetime.now(UTC) - grace).isoformat()},
        deployment_id={"is_null_": False},
    )
    if not passed:
        return 0
    time_of_schedule = _time(passed[0]["expected_start_time"])
    deployment = passed[0]["deployment_id"]
    of_deployment = _newest_runs(server, MOST, deployment_id={"any_": [deployment]})
    if max(_time(run["created"]) for run in of_deployment) >= time_of_schedule:
        return 0
    if not _is_scheduled(server.ask(f"/deployments/{deployment}")):
        return 0
    return round((datetime.now(UTC) - time_of_schedule).total_seconds())


def _newest_runs(server: Server, most: int, **which: Any) -> list[dict[str, Any]]:
    """Return runs of schedules, those that are or were due last first."""
    query = {
        "flow_runs": OF_SCHEDULES | which,
        "sort": "EXPECTED_START_TIME_DESC",
        "limit": most,
    }
    found: list[dict[str, Any]] = server.ask("/flow_runs/filter", query)
    return found


def _is_scheduled(deployment: dict[str, Any]) -> bool:
    """Return whether a deployment has an active schedule, and is not paused."""
    schedules = deployment["schedules"]
    return not deployment["paused"] and any(each["active"] for each in schedules)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def main() -> None:
    """Look and log until the container ends."""
    server = Server(sys.argv[1], os.environ["PREFECT_API_AUTH_STRING"])
    while True:
        try:
            print(json.dumps(look(server)), flush=True)
        except OSError as error:  # the next look tells whether it stays
            print(f"The server did not answer: {error}", flush=True)
        time.sleep(SECONDS_BETWEEN_LOOKS)


if __name__ == "__main__":
    main()
