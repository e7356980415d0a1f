"""Names of runs, as Prefect's server has them."""

from __future__ import annotations

import inspect
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Iterator
from uuid import UUID, uuid4

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.events.worker import EventsWorker
from prefect.flow_engine import run_flow_sync
from prefect.settings import PREFECT_API_URL
from prefect.states import AwaitingRetry, Pending, Scheduled
from prefect.utilities.names import generate_slug

import flows
import utils.runs.run_names
from flows.backfill import backfill
from flows.exchange_rates import exchange_rates
from flows.open_exchange_rates import open_exchange_rates
from flows.products import products
from flows.redshift_export import redshift_export
from flows.van import van
from tests.servers.prefect_api import ask, flow_run_with, logs_of
from tests.servers.waiting import until
from utils.redaction.known_secrets import remember_secrets
from utils.runs.load_task import load_task
from utils.runs.run_names import LONGEST_NAME, MADE_UP, flow_run_name

DAY, LATER = date(2024, 1, 1), date(2024, 1, 31)
TODAY = "<today>"
NAMES: list[tuple[Flow, dict[str, Any], str]] = [
    (products, {}, f"products {TODAY}"),
    (products, {"full_refresh": True}, "products full refresh"),
    (exchange_rates, {"refresh": True}, f"exchange_rates refresh {TODAY}"),
    (van, {"since": "2024-05-01"}, "van since 2024-05-01"),
    (
        open_exchange_rates,
        {"first_day": DAY, "last_day": LATER},
        "open_exchange_rates 2024-01-01 to 2024-01-31",
    ),
    (
        open_exchange_rates,
        {"first_day": DAY, "last_day": DAY},
        "open_exchange_rates 2024-01-01",
    ),
    (
        open_exchange_rates,
        {"first_day": DAY},
        "open_exchange_rates first day 2024-01-01",
    ),
    (
        backfill,
        {"deployment": "a/b", "first_day": DAY, "last_day": LATER, "name": "again"},
        "backfill a/b 2024-01-01 to 2024-01-31 again",
    ),
    (redshift_export, {}, f"redshift_export {TODAY}"),
    (
        redshift_export,
        {"folder": "usage", "parameters": {"since": "2026-12-31", "who": "Rex"}},
        "redshift_export usage since 2026-12-31",
    ),
]


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def without_work(flow: Flow) -> Flow:
    """Return a flow that does nothing but begin."""
    made = flow.with_options()
    made.fn = lambda **_: None
    made.fn.__signature__ = inspect.signature(flow.fn)
    return made


def name_of(run: UUID) -> str:
    return flow_run_with(run)["name"]


@pytest.mark.parametrize("flow, parameters, name", NAMES, ids=[n for *_, n in NAMES])
def test_a_run_says_what_runs_and_for_when(prefect_api, flow, parameters, name):
    before = today()
    state = without_work(flow)(**parameters, return_state=True)
    assert state.is_completed(), state.message
    found = name_of(state.state_details.flow_run_id)
    assert found in {name.replace(TODAY, day) for day in (before, today())}


@pytest.fixture
def deployment(prefect_api) -> Iterator[Deployment]:
    with get_client(sync_client=True) as client:
        yield Deployment(client)


class Deployment:
    """Deployments of a flow without work, whose runs begin in this process."""

    flow = without_work(open_exchange_rates)

    def __init__(self, client: SyncPrefectClient) -> None:
        self.client = client
        self.pool = f"pool-{uuid4().hex[:8]}"
        client.create_work_pool(WorkPoolCreate(name=self.pool, type="process"))

    def run(self, deployment: str = "", **options: Any) -> FlowRun:
        """Run the deployment, by default the one that is called as its work pool."""
        made = self.client.create_deployment(
            self.client.create_flow(self.flow),
            deployment or self.pool,
            work_pool_name=self.pool,
        )
        run = self.client.create_flow_run_from_deployment(made, **options)
        return self.begin(run.id)

    def begin(self, run_id: UUID) -> FlowRun:
        self.client.set_flow_run_state(run_id, Pending())
        run = self.client.read_flow_run(run_id)
        run_flow_sync(self.flow, run, run.parameters, return_type="state")
        return self.client.read_flow_run(run_id)


@pytest.mark.parametrize(
    "given", ["2024-01-01", "2024-01-01 to 2024-01-31", "Once more"]
)
def test_a_given_name_is_kept(deployment, given):
    """A backfill gives its chunks' days, and a person whatever comes to mind."""
    assert deployment.run(name=given).name == given


@pytest.mark.parametrize("made_up", [None, "phi6-hurkos", "mu478-tagra-n"])
def test_a_made_up_name_is_replaced(deployment, made_up):
    """None leaves it to Prefect's server. The others were in the form of its UI."""
    days = {"first_day": "2024-01-01", "last_day": "2024-01-02"}
    run = deployment.run(name=made_up, parameters=days)
    assert run.name == "open_exchange_rates 2024-01-01 to 2024-01-02"


def test_prefects_names_are_known_as_made_up():
    assert all(MADE_UP.fullmatch(generate_slug(2)) for _ in range(1_000))


def test_another_deployment_than_the_usual_one_is_named(deployment):
    run = deployment.run("production-backfill")
    assert run.name == f"open_exchange_rates {today()} (production-backfill)"


def test_the_day_is_that_of_the_schedule_also_of_a_retry(deployment):
    """A run that was late, and one that is tried again on another day."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    name = f"open_exchange_rates {yesterday:%Y-%m-%d}"
    late = deployment.run(state=Scheduled(scheduled_time=yesterday))
    assert late.name == name

    deployment.client.set_flow_run_state(late.id, AwaitingRetry(), force=True)
    assert deployment.begin(late.id).name == name


def test_a_task_says_what_it_runs_for(prefect_api):
    @load_task(name="Feed the pets")
    def feed(first_day: date, last_day: date) -> None: ...

    @load_task(name="Brush the pets")
    def brush(full_refresh: bool) -> None: ...

    @flow(name="pets")
    def pets() -> None:
        feed(DAY, LATER)
        brush(False)

    state = pets(return_state=True)

    assert names_of_tasks(state.state_details.flow_run_id) == {
        "Feed the pets: 2024-01-01 to 2024-01-31",
        f"Brush the pets: {today()}",
    }


def names_of_tasks(run: UUID) -> set[str]:
    """Return the names in the lines that Prefect logs at each task's end."""
    url = f"{PREFECT_API_URL.value()}/task_runs/filter"
    only = {"flow_runs": {"id": {"any_": [str(run)]}}}
    EventsWorker.drain_all()  # a task's run is made of its events
    return until(
        lambda: {
            each["name"]
            for each in ask("POST", url, json=only).json()
            if each["state_type"] == "COMPLETED"
        },
        "the tasks' runs",
    )


def test_a_name_is_short_printable_and_without_secrets(prefect_api):
    remember_secrets("hunter2-of-the-test")
    folder = f"hunter2-of-the-test\n\0 {'x' * 70}"
    state = without_work(redshift_export)(
        folder=folder, parameters={"y" * 300: "2026-12-31"}, return_state=True
    )
    name = name_of(state.state_details.flow_run_id)
    assert name.startswith("redshift_export *** xxx") and name.endswith("yyy...")
    assert len(name) == LONGEST_NAME + len("...")


def test_a_run_is_not_failed_by_its_name(prefect_api, monkeypatch):
    def fail(*_: Any) -> None:
        raise LookupError("no words")

    monkeypatch.setattr(utils.runs.run_names, "_words", fail)
    state = without_work(products)(return_state=True)
    assert state.is_completed()
    run = state.state_details.flow_run_id
    assert MADE_UP.fullmatch(name_of(run))
    lines = [log.message for log in logs_of(run)]
    assert "The run keeps its made-up name: no words" in lines


@pytest.mark.parametrize("name", [each.name for each in iter_modules(flows.__path__)])
def test_every_flow_has_such_names(name):
    assert getattr(import_module(f"flows.{name}"), name).flow_run_name is flow_run_name
