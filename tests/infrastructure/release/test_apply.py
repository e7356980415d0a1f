"""`release apply` on a real Prefect server and the fake AWS, with the deploy role's rights."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from functools import partial
from uuid import UUID

import httpx
import pytest
from prefect.client.schemas.actions import (
    DeploymentUpdate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolUpdate,
)
from prefect.states import Pending, Scheduled

from infrastructure.release.apply import CONCURRENT_REQUESTS
from tests.fakes.http_server import Answer, Request, json_answer
from tests.infrastructure.release.production import writes
from tests.infrastructure.release.repository_of_tests import PRODUCTION
from tests.servers.python import python
from tests.servers.waiting import until
from utils.errors import ClearError

pytestmark = pytest.mark.slow

NAMES = {f"{flow}/production" for flow in PRODUCTION}


def release_the_house(production) -> str:
    """Make the first release, and return its commit."""
    commit = production.repository.git("rev-parse", "HEAD")
    production.push(commit)
    production.release("apply")
    return commit


def test_the_first_release_is_what_prefect_deploy_makes(production):
    commit = production.repository.commit("An image of its own")
    plan = json.loads(production.release("plan", "--json"))
    assert plan["image"]["build"]
    assert set(plan["deployments"]["create"]) == NAMES

    with pytest.raises(ClearError, match="Build and push it first"):
        production.release("apply")
    assert production.deployments() == {}
    assert production.prefect.read_variable_by_name("releases") is None

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

    assert "deployment orders/production: delete" in printed
    assert "schedule of orders/production: delete" in printed
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
    assert httpx.post(url, json=gone).json() == 0


def test_after_a_refusal_nothing_is_deleted_and_the_next_apply_continues(production):
    release_the_house(production)
    production.repository.replace("prefect.yaml", "memory: 514", "memory: 2048")
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
    asked = [(each.method, each.path) for each in writes(proxy)]
    asked = [each for each in asked if each in (flow, made)]
    assert asked[2 * CONCURRENT_REQUESTS :] == [flow, made] * len(NAMES)


def refuse_changes(request: Request) -> Answer | None:
    """Answer in place of Prefect, where it is to fail half-way."""
    if request.method == "PATCH" and "/deployments/" in request.path:
        return json_answer({"detail": "The workspace is full"}, 422)
    return None


def without_orders(production) -> None:
    file = production.repository.read("prefect.yaml")
    production.repository.write(
        {"prefect.yaml": file.replace(PRODUCTION["orders"], "")}
    )
    production.repository.commit("Orders are loaded elsewhere")


def test_a_pause_is_kept_and_other_changes_by_hand_are_reverted(
    production,
):
    release_the_house(production)
    before = production.settled()
    customers = UUID(production.deployments()["customers/production"]["id"])
    production.prefect.pause_deployment(customers)
    rates = UUID(production.deployments()["rates/production"]["id"])
    changed = DeploymentUpdate(tags=["production"], job_variables={"cpu": 4096})
    production.prefect.update_deployment(rates, changed)
    production.repository.replace("prefect.yaml", "0 6 * * *", "0 5 * * *")
    production.repository.commit("Customers come earlier")

    production.release("apply")

    after = production.settled()
    assert after["rates/production"] == before["rates/production"]
    assert after["customers/production"]["paused"]
    (schedule,) = after["customers/production"]["schedules"]
    assert schedule["schedule"]["cron"] == "0 5 * * *"


def test_a_queue_alone_stays_in_its_pool(production):
    release_the_house(production)
    orders = UUID(production.deployments()["orders/production"]["id"])
    by_hand = DeploymentUpdate(work_pool_name="production", work_queue_name="slow")
    production.prefect.update_deployment(orders, by_hand)

    production.release("apply")
    assert queue_of(production, "orders") == ("production", "default")

    pool = '{name: production, job_variables: {image: "{{ $IMAGE }}", cpu: 256, memory: 515'
    fast = pool.replace("production,", "production, work_queue_name: fast,")
    production.repository.replace("prefect.yaml", pool, fast)
    production.repository.commit("Orders are urgent")
    production.release("apply")
    assert queue_of(production, "orders") == ("production", "fast")


def queue_of(production, flow: str) -> tuple[str, str]:
    found = production.deployments()[f"{flow}/production"]
    return found["work_pool_name"], found["work_queue_name"]


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


def test_a_deployment_of_another_project_is_not_taken_over(production):
    flow = production.prefect.create_flow_from_name("ping")
    fields = {"tags": ["production"], "job_variables": {"image": "other/shop:1"}}
    production.prefect.create_deployment(flow, "production", **fields)
    before = production.deployments()
    production.push(production.repository.git("rev-parse", "HEAD"))

    said = r"another project, .*: ping/production \(other/shop:1\). Nothing was changed"
    with pytest.raises(ClearError, match=said):
        production.release("apply")

    assert production.deployments() == before


def test_a_limit_that_a_person_switched_off_stays_off(production):
    release_the_house(production)
    before = production.deployments()["orders/production"]
    limit = before["global_concurrency_limit"]["name"]
    off = GlobalConcurrencyLimitUpdate(active=False)
    production.prefect.update_global_concurrency_limit(limit, off)

    assert "Nothing to change" in production.release("apply")

    found = production.deployments()["orders/production"]["global_concurrency_limit"]
    assert (found["active"], found["limit"]) == (False, 1)


def test_an_older_commit_is_not_released_over_a_newer_one(production):
    older = release_the_house(production)
    without_orders(production)
    release_the_house(production)
    before = production.deployments()
    production.repository.git("switch", "--quiet", "--detach", older)

    for command in ("plan", "apply"):
        with pytest.raises(ClearError, match=f"{older} is older than .* `rollback`"):
            production.release(command)

    assert production.deployments() == before


def test_a_plan_shows_no_secret_that_was_set_by_hand(production):
    production.repository.replace("prefect.yaml", "513}", "513, env: {TOKEN: none}}")
    production.repository.commit("A variable")
    release_the_house(production)
    rates = UUID(production.deployments()["rates/production"]["id"])
    step = {"git_clone": {"repository": "https://user:sesame@example.org/x"}}
    by_hand = DeploymentUpdate(
        job_variables={"env": {"KEY": "sesame", "TOKEN": "sesame"}, "stream_output": 3},
        parameters={"refresh": True},
        pull_steps=[step],
    )
    production.prefect.update_deployment(rates, by_hand)

    told = production.release("plan") + production.release("plan", "--json")

    assert "job_variables.env.KEY" in told and "sesame" not in told
    assert "job_variables.env.TOKEN: (not shown) -> none" in told


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
    production.repository.replace("prefect.yaml", "memory: 515", "memory: 2048")
    production.repository.commit("Orders are many")

    production.release("apply")

    assert datetime.now(timezone.utc) > start
    assert production.prefect.read_flow_run(run.id).expected_start_time == start
    variables = production.deployments()["orders/production"]["job_variables"]
    assert variables["memory"] == 2048


def test_a_file_with_faults_changes_nothing(production):
    release_the_house(production)
    before = production.deployments()
    production.repository.replace("prefect.yaml", "memory: 514", "memroy: 514")
    file = production.repository.read("prefect.yaml").splitlines()
    (line,) = [n for n, text in enumerate(file, 1) if "memroy" in text]
    production.repository.commit("More memory")

    told = f"prefect.yaml:{line}: .* no job variable `memroy`. Did you mean `memory`?"
    with pytest.raises(ClearError, match=told):
        production.release("apply")
    assert production.deployments() == before


def test_a_rollback_brings_back_image_parameters_and_schedules(production):
    release_the_house(production)
    before = production.settled()
    production.repository.replace(
        "flows/rates.py", "refresh: bool = False", "refresh: bool = True, days: int = 3"
    )
    production.repository.replace("prefect.yaml", "refresh: true", "days: 9")
    hour = '"{}", timezone: Europe/Berlin, active: true'
    production.repository.replace(
        "prefect.yaml", hour.format("30 16 * * *"), hour.format("0 3 * * *")
    )
    without_orders(production)
    bad = release_the_house(production)
    assert production.settled().keys() == NAMES - {"orders/production"}
    assert production.settled()["rates/production"]["version"] == bad[:8]

    production.release("rollback")

    assert production.settled() == before
    with pytest.raises(ClearError, match="no release before"):
        production.release("rollback")
    assert production.settled() == before
    production.release("apply")
    assert production.settled()["rates/production"]["version"] == bad[:8]


def test_a_rollback_ignores_later_changes_of_the_pool(production):
    pool = production.prefect.read_work_pool("production").base_job_template
    wider = copy.deepcopy(pool)
    wider["variables"]["properties"]["extra"] = {"type": "string"}
    update = partial(production.prefect.update_work_pool, "production")
    production.repository.replace("prefect.yaml", "514}", "514, extra: x}")
    production.repository.commit("An extra")
    update(WorkPoolUpdate(base_job_template=wider))
    try:
        release_the_house(production)
    finally:
        update(WorkPoolUpdate(base_job_template=pool))
    before = production.settled()
    production.repository.replace("prefect.yaml", "514, extra: x}", "514}")
    production.repository.commit("No extra")
    release_the_house(production)

    production.release("rollback")

    assert production.settled() == before


def test_a_release_that_failed_half_way_is_rolled_back_to_the_one_before(production):
    release_the_house(production)
    before = production.settled()
    production.repository.replace("sources/shop.py", "[1]", "[2]")
    production.repository.commit("Two rows")
    production.push(production.repository.git("rev-parse", "HEAD"))
    patched: list[str] = []

    def refuse_after_two(request: Request) -> Answer | None:
        if request.method == "PATCH" and "/deployments/" in request.path:
            patched.append(request.path)
            if len(patched) > 2:
                return json_answer({"detail": "no"}, 422)
        return None

    with production.watched(refuse_after_two) as proxy, pytest.raises(ClearError):
        production.release("apply", api_url=f"{proxy.url}/api")
    assert production.settled() != before

    production.release("rollback")
    assert production.settled() == before


def test_a_release_that_failed_after_its_last_change_ends_with_the_next(production):
    release_the_house(production)
    production.repository.replace("prefect.yaml", "memory: 515", "memory: 2048")
    production.repository.commit("Orders are many")

    def refuse_the_end(request: Request) -> Answer | None:
        if request.method == "PATCH" and request.path.startswith("/api/variables/"):
            if all(each["finished"] for each in request.json["value"]):
                return json_answer({"detail": "no"}, 422)
        return None

    with production.watched(refuse_the_end) as proxy, pytest.raises(ClearError):
        production.release("apply", api_url=f"{proxy.url}/api")
    before = production.settled()
    assert before["orders/production"]["job_variables"]["memory"] == 2048

    production.repository.write({"README.md": "# Others' data\n"})
    production.repository.commit("A word")
    assert "Nothing to change" in production.release("apply")
    production.repository.replace("prefect.yaml", "memory: 514", "memory: 4096")
    production.repository.commit("Customers are many")
    production.release("apply")
    assert production.settled() != before
    production.release("rollback")

    assert production.settled() == before
