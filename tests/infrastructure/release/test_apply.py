"""`release apply` on a real Prefect server and the fake AWS, with the deploy role's rights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from functools import partial
from uuid import UUID

import pytest
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.states import Pending, Scheduled

from infrastructure.release.apply import CONCURRENT_REQUESTS
from infrastructure.release.images import tag_of
from tests.fakes.http_server import Answer, Request, json_answer
from tests.infrastructure.release.production import writes
from tests.infrastructure.release.steps import (
    NAMES,
    release_the_house,
    without_orders,
)
from tests.servers.prefect_api import ask
from tests.servers.python import python
from tests.servers.waiting import until
from utils.errors import ClearError

pytestmark = pytest.mark.slow


def refuse_changes(request: Request) -> Answer | None:
    """Answer in place of Prefect, where it is to fail half-way."""
    if request.method == "PATCH" and "/deployments/" in request.path:
        return json_answer({"detail": "The workspace is full"}, 422)
    return None


def test_the_first_release_is_what_prefect_deploy_makes(production):
    commit = production.repository.commit("An image of its own")
    plan = json.loads(production.release("plan", "--json"))
    assert plan["image"]["build"]
    assert set(plan["deployments"]["create"]) == NAMES

    with pytest.raises(ClearError, match="Build and push it first"):
        production.release("apply")
    assert production.deployments() == {}
    assert production.record().latest is None

    image = production.push(commit)
    production.release("apply")
    applied = production.settled()
    assert set(applied) == NAMES
    production.empty()
    deploy_by_prefect(production, image)
    deployed = production.settled()
    assert applied == {name: deployed[name] for name in NAMES}


def deploy_by_prefect(production, image: str) -> None:
    """Deploy by hand as README.md says."""
    # without it Prefect does not take the commit for the deployment's version
    production.repository.git(
        "remote", "add", "origin", "https://example.org/acme/shop.git"
    )
    command = "prefect --no-prompt deploy -n production"
    done = subprocess.run(
        [python(), "-m", *command.split()],
        cwd=production.repository.folder,
        env=os.environ | {"IMAGE": image},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_image_with_newer_patches_takes_the_place_of_the_same_content(production):
    house = production.image(release_the_house(production))
    renewed = f"{house}-202612011700"
    plan = json.loads(production.release("plan", "--json", "--renewal", "202612011700"))
    assert (plan["image"]["name"], plan["image"]["build"]) == (renewed, True)
    assert plan["image"]["why"] == ["newer patches of the base image"]
    with pytest.raises(ClearError, match="202612011700 is not in the image repository"):
        production.release("apply", "deployments", "--renewal", "202612011700")

    repository = production.registry.partition("/")[2]
    production.cloud.push_image(repository, tag_of(renewed))
    production.release("apply", "deployments", "--renewal", "202612011700")
    for each in production.deployments().values():
        assert each["job_variables"]["image"] == renewed
    # and it stays without being asked for
    plan = json.loads(production.release("plan", "--json"))
    assert plan["image"] == {"name": renewed, "build": False, "why": []}
    assert not plan["deployments"]["update"]


def test_a_second_apply_writes_nothing(production):
    release_the_house(production)
    before = production.deployments()
    production.cloud.forget_calls()

    with production.watched() as proxy:
        printed = production.release("apply", api_url=f"{proxy.url}/api")

    assert "Nothing to change" in printed
    assert proxy.requests and not writes(proxy)
    assert production.deployments() == before
    # The worker's service asks for its image meanwhile, in another role.
    role = production.role.rpartition("/")[2]
    read = {call["action"] for call in production.cloud.calls(who=role)}
    assert read == {"DescribeStacks", "GetTemplate", "BatchGetImage"}


def test_an_apply_killed_half_way_is_continued(production):
    commit = production.repository.git("rev-parse", "HEAD")
    production.push(commit)
    with production.watched() as proxy:
        process = production.start("apply", api_url=f"{proxy.url}/api")
        made = ("POST", "/api/deployments/")
        until(
            lambda: [(each.method, each.path) for each in writes(proxy)].count(made)
            > 1,
            "two deployments to be made",
        )
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert 1 <= len(production.deployments())
    half_way = production.settled()

    production.release("apply")

    whole = production.settled()
    assert set(whole) == NAMES and whole != half_way
    production.empty()
    release_the_house(production)
    assert production.settled() == whole


def test_a_removed_deployment_is_deleted_with_its_schedule(production):
    release_the_house(production)
    schedules = production.deployments()["orders/production"]["schedules"]
    assert len(schedules) == 1
    flow = production.prefect.create_flow_from_name("not of this file")
    others = {
        "production": {"tags": ["mine"]},
        "nightly": {"tags": ["production"], "job_variables": {"image": "other/shop:1"}},
        "weekly": {"tags": ["production"], "work_pool_name": "production"},
    }
    for name, fields in others.items():
        production.prefect.create_deployment(flow, name, **fields)
    without_orders(production)

    printed = production.release("apply")

    assert "  - deployment orders/production\n" in printed
    assert "  - schedule of orders/production: 0 7 * * * Europe/Berlin\n" in printed
    assert set(production.deployments()) == NAMES - {"orders/production"} | {
        f"not of this file/{name}" for name in others
    }
    left = {
        schedule["id"]
        for each in production.deployments().values()
        for schedule in each["schedules"]
    }
    assert schedules[0]["id"] not in left
    url = f"{production.api_url.rstrip('/')}/flow_runs/count"
    gone = {"deployments": {"id": {"any_": [schedules[0]["deployment_id"]]}}}
    assert ask("POST", url, json=gone).json() == 0


def test_after_a_refusal_nothing_is_deleted_and_the_next_apply_continues(production):
    release_the_house(production)
    production.repository.replace("prefect.yaml", "memory: 4096", "memory: 2048")
    without_orders(production)

    said = "refuses the deployment customers/production: The workspace is full."
    with (
        production.watched(refuse_changes) as proxy,
        pytest.raises(ClearError, match=said),
    ):
        production.release("apply", api_url=f"{proxy.url}/api")

    assert "orders/production" in production.deployments()
    production.release("apply")
    now = production.deployments()
    assert set(now) == NAMES - {"orders/production"}
    assert now["customers/production"]["job_variables"]["memory"] == 2048


def test_a_busy_server_gets_one_request_after_the_other(production):
    release_the_house(production)
    before = production.settled()
    production.empty()
    busy = Answer(b"{}", status=503, seconds=1)
    flow, made = ("POST", "/api/flows/"), ("POST", "/api/deployments/")
    refused: list[Request] = []

    def refuse_several(request: Request) -> Answer | None:
        if (request.method, request.path) == made and len(
            refused
        ) < CONCURRENT_REQUESTS:
            refused.append(request)
            return busy
        return None

    with production.watched(refuse_several) as proxy:
        production.release("apply", api_url=f"{proxy.url}/api")

    assert production.settled() == before
    assert proxy.most_in_flight == CONCURRENT_REQUESTS > 1
    asked = [each for each in writes(proxy) if (each.method, each.path) in (flow, made)]
    names = [each.json["name"] for each in asked if each.path == flow[1]]
    begun_at_once = next(i for i, name in enumerate(names) if name in names[:i])
    # As many more may have begun before the first refusal was noticed.
    assert begun_at_once <= 2 * CONCURRENT_REQUESTS < len(NAMES)
    left = len(NAMES) - CONCURRENT_REQUESTS
    assert [(each.method, each.path) for each in asked[-2 * left :]] == [
        flow,
        made,
    ] * left


def test_a_half_created_deployment_is_deleted_when_it_is_removed(
    production,
):
    production.push(production.repository.git("rev-parse", "HEAD"))

    with production.watched(refuse_changes) as proxy, pytest.raises(ClearError):
        production.release("apply", api_url=f"{proxy.url}/api")
    assert production.deployments()["orders/production"]["work_pool_name"] is None

    without_orders(production)
    release_the_house(production)

    assert set(production.deployments()) == NAMES - {"orders/production"}


@pytest.mark.parametrize("taken", [False, True], ids=["scheduled", "by a worker"])
def test_a_run_that_is_due_soon_still_starts(production, taken):
    release_the_house(production)
    orders = UUID(production.deployments()["orders/production"]["id"])
    start = datetime.now(timezone.utc) + timedelta(seconds=8)
    run = production.prefect.create_flow_run_from_deployment(
        orders, state=Scheduled(scheduled_time=start)
    )
    if taken:
        production.prefect.set_flow_run_state(run.id, Pending(), force=True)
    production.repository.replace("prefect.yaml", "memory: 5120", "memory: 2048")
    production.repository.commit("Orders are many")

    production.release("apply")

    assert datetime.now(timezone.utc) > start
    assert production.prefect.read_flow_run(run.id).expected_start_time == start
    variables = production.deployments()["orders/production"]["job_variables"]
    assert variables["memory"] == 2048


def test_a_run_that_is_due_soon_starts_before_its_deployment_is_deleted(production):
    release_the_house(production)
    orders = UUID(production.deployments()["orders/production"]["id"])
    start = datetime.now(timezone.utc) + timedelta(seconds=14)
    production.prefect.create_flow_run_from_deployment(
        orders, state=Scheduled(scheduled_time=start)
    )
    without_orders(production)

    production.release("apply")

    assert datetime.now(timezone.utc) > start
    assert "orders/production" not in production.deployments()


def test_a_file_with_faults_changes_nothing(production):
    release_the_house(production)
    before = production.deployments()
    production.repository.replace("prefect.yaml", "memory: 4096", "memroy: 4096")
    file = production.repository.read("prefect.yaml").splitlines()
    (line,) = [n for n, text in enumerate(file, 1) if "memroy" in text]
    production.repository.commit("More memory")

    told = f"prefect.yaml:{line}: .* no job variable `memroy`. Did you mean `memory`?"
    with pytest.raises(ClearError, match=told):
        production.release("apply")
    assert production.deployments() == before


def test_a_pool_that_lacks_a_job_variable_has_to_be_updated_first(production):
    """Prefect would ignore the variable, and the runs would have the pool's default."""
    production.push(production.repository.git("rev-parse", "HEAD"))
    pool = production.prefect.read_work_pool("production").base_job_template
    older = json.loads(json.dumps(pool).replace("{{ memory }}", "512"))
    del older["variables"]["properties"]["memory"]
    update = partial(production.prefect.update_work_pool, "production")
    update(WorkPoolUpdate(base_job_template=older))
    try:
        with pytest.raises(ClearError, match="no job variable `memory`"):
            production.release("apply")
    finally:
        update(WorkPoolUpdate(base_job_template=pool))
    assert production.deployments() == {}
