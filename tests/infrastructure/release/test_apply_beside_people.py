"""`release apply` and `plan` where a person has changed something by hand."""

from __future__ import annotations

from uuid import UUID

import pytest
from prefect.client.schemas.actions import (
    DeploymentUpdate,
    GlobalConcurrencyLimitUpdate,
)

from tests.infrastructure.release.steps import release_the_house, without_orders
from utils.errors import ClearError

pytestmark = pytest.mark.slow


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
    commit = production.repository.commit("Customers come earlier")

    production.release("apply")

    after = production.settled()
    assert after["rates/production"].pop("version") == commit[:8]
    del before["rates/production"]["version"]
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

    pool = '{name: production, job_variables: {image: "{{ $IMAGE }}", cpu: 1024, memory: 5120'
    fast = pool.replace("production,", "production, work_queue_name: fast,")
    production.repository.replace("prefect.yaml", pool, fast)
    production.repository.commit("Orders are urgent")
    production.release("apply")
    assert queue_of(production, "orders") == ("production", "fast")


def queue_of(production, flow: str) -> tuple[str, str]:
    found = production.deployments()[f"{flow}/production"]
    return found["work_pool_name"], found["work_queue_name"]


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

    assert f"{older} is older than the latest release" in production.release("plan")
    with pytest.raises(ClearError, match=f"{older} is older than .* `rollback`"):
        production.release("apply")

    assert production.deployments() == before


def test_a_plan_shows_no_secret_that_was_set_by_hand(production):
    production.repository.replace("prefect.yaml", "3072}", "3072, env: {TOKEN: none}}")
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
    assert "job_variables.env.TOKEN: (secret) -> (secret, differs)" in told
