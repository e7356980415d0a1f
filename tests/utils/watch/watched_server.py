"""A real Prefect server with authentication, its automations, and the places they tell."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Iterator, Mapping
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled, State

from blocks.alert_blocks import webhook
from blocks.alerts import NO_HEARTBEATS, automations
from blocks.automations import Automation
from blocks.block_documents import BlockDocument
from blocks.server import Server
from tests.fakes.http_server import Answer, Api, Request, serving
from tests.servers.ports import free_port
from tests.servers.prefect import running_server

PASSWORD = "admin:of the tests"
SETTINGS = {
    "PREFECT_SERVER_API_AUTH_STRING": PASSWORD,
    "PREFECT_UI_ENABLED": "false",
    # By default a server writes events every five seconds, and looks for late ones every
    # five.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.2",
    "PREFECT_SERVER_SERVICES_TRIGGERS_TASK_RUN_RECORDER_ENABLED": "false",
}


@dataclass
class Place:
    """Place of alerts that answers as Slack or PagerDuty does."""

    api: Api
    status: int = 200
    seconds: float = 0.0
    """Time that it takes to answer."""

    @property
    def taken(self) -> list[dict[str, Any]]:
        """Bodies of the requests, those that were refused included."""
        return [json.loads(request.body) for request in self.api.requests]


@contextmanager
def place() -> Iterator[Place]:
    """Serve a place."""

    def respond(request: Request) -> Answer:
        body = b"ok" if found.status < 300 else b"no"
        return Answer(body, found.status, seconds=found.seconds)

    with serving(respond) as api:
        found = Place(api)
        yield found


@dataclass
class WatchedServer:
    """Server whose runs watch looks at."""

    home: Path
    api: str
    slack: Place
    pagerduty: Place
    settings: dict[str, str] = field(default_factory=dict)
    """Further environment of Prefect's server."""
    _running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start it, or start it again."""
        settings = SETTINGS | self.settings
        self._running.enter_context(running_server(self.home, self.api, settings))
        self.client = SyncPrefectClient(self.api, auth_string=PASSWORD)
        self.client.__enter__()

    def stop(self) -> None:
        """Stop it."""
        self.client.__exit__(None, None, None)
        self._running.close()

    def apply(self, within: float | None = None) -> None:
        """Make the places and automations, as `python -m blocks apply` does.

        Args:
            within: Seconds for which those wait that wait for something.
        """
        waiting = ("alerts: watch is away", NO_HEARTBEATS.name)
        times = dict.fromkeys(waiting, within) if within else {}
        make_alerts(self.client, self.slack.api.url, self.pagerduty.api.url, times)

    def empty(self) -> None:
        """Delete all deployments, runs and pools, and forget what the places got."""
        for run in self.client.read_flow_runs(limit=200):
            self.client.delete_flow_run(run.id)
        for deployment in self.client.read_deployments():
            self.client.delete_deployment(deployment.id)
        for pool in self.client.read_work_pools():
            self.client.delete_work_pool(pool.name)
        for each in (self.slack, self.pagerduty):
            each.status = 200
            each.api.requests.clear()

    def texts(self) -> list[str]:
        """Return the first lines of Slack's messages, without their stars."""
        return [each["text"].splitlines()[0].strip("*") for each in self.slack.taken]

    def incidents(self) -> list[tuple[str, str]]:
        """Return what PagerDuty was told to do, with its keys."""
        taken = self.pagerduty.taken
        return [(each["event_action"], each["dedup_key"]) for each in taken]

    def deployment(
        self, flow: str, tags: tuple[str, ...] = ("alerts",), **more: Any
    ) -> UUID:
        """Make a deployment of a new flow."""
        id = self.client.create_flow_from_name(flow)
        return self.client.create_deployment(
            flow_id=id, name="production", tags=list(tags), **more
        )

    def run(self, deployment: UUID, *states: State, **parameters: Any) -> FlowRun:
        """Make a run that is in the states, one after the other."""
        run = self.client.create_flow_run_from_deployment(
            deployment, parameters=parameters, state=Scheduled()
        )
        for state in states:
            self.client.set_flow_run_state(run.id, state, force=True)
        return run


def make_alerts(
    client: SyncPrefectClient,
    slack_url: str,
    pagerduty_url: str,
    within: Mapping[str, float] = {},
) -> None:
    """Make the places and automations, as `python -m blocks apply` does.

    Args:
        client: Client of the server.
        slack_url: Address of the place that plays Slack.
        pagerduty_url: Address of the place that plays PagerDuty.
        within: Seconds for which automations wait, by name, otherwise than in production.
    """
    slack = webhook("slack", f"{slack_url}/slack", {})
    key = {"X-Routing-Key": "the-key"}
    pagerduty = webhook("pagerduty", f"{pagerduty_url}/v2/enqueue", key)
    server = Server(client, [slack.name, pagerduty.name])
    for each in (slack, pagerduty, *automations(slack, pagerduty)):
        assert isinstance(each, (BlockDocument, Automation))
        if isinstance(each, Automation) and each.name in within:
            each = replace(each, trigger=each.trigger | {"within": within[each.name]})
        each.create(server)


@contextmanager
def watched_server(
    folder: Path, settings: dict[str, str] | None = None
) -> Iterator[WatchedServer]:
    """Run a server with its places.

    Args:
        folder: Folder for its home.
        settings: Further environment of Prefect's server.
    """
    with place() as slack, place() as pagerduty:
        api = f"http://127.0.0.1:{free_port()}/api"
        home = folder / "server"
        server = WatchedServer(home, api, slack, pagerduty, settings or {})
        server.start()
        try:
            yield server
        finally:
            server.stop()
