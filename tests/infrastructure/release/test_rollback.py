"""`release rollback` on a real Prefect server and the fake AWS."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import pytest
from prefect.client.schemas.actions import WorkPoolUpdate

from infrastructure.release.images import tag_of
from tests.fakes.http_server import Answer, Request, json_answer
from tests.infrastructure.release.steps import (
    NAMES,
    release_the_house,
    without_orders,
)
from utils.errors import ClearError

pytestmark = pytest.mark.slow


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
    with pytest.raises(ClearError, match=f"{bad} was taken back at .* `--anyway`"):
        production.release("apply")
    assert production.settled() == before
    production.release("apply", "--anyway")
    assert production.settled()["rates/production"]["version"] == bad[:8]


def test_a_rollback_needs_the_image_of_its_release(production):
    """The image repository may have expired it."""
    first = tag_of(production.image(release_the_house(production)))
    production.repository.replace("sources/shop.py", "[1]", "[7]")
    production.repository.commit("Another row")
    release_the_house(production)
    before = production.deployments()
    production.cloud.client("ecr").batch_delete_image(
        repositoryName=production.registry.partition("/")[2],
        imageIds=[{"imageTag": first}],
    )

    with pytest.raises(ClearError, match=f"{first} is not in the image repository"):
        production.release("rollback")

    assert production.deployments() == before


def test_a_rollback_ignores_later_changes_of_the_pool(production):
    pool = production.prefect.read_work_pool("production").base_job_template
    wider = copy.deepcopy(pool)
    wider["variables"]["properties"]["extra"] = {"type": "string"}
    update = partial(production.prefect.update_work_pool, "production")
    production.repository.replace("prefect.yaml", "4096}", "4096, extra: x}")
    production.repository.commit("An extra")
    update(WorkPoolUpdate(base_job_template=wider))
    try:
        release_the_house(production)
    finally:
        update(WorkPoolUpdate(base_job_template=pool))
    before = production.settled()
    production.repository.replace("prefect.yaml", "4096, extra: x}", "4096}")
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
    production.repository.replace("prefect.yaml", "memory: 5120", "memory: 2048")
    production.repository.commit("Orders are many")

    def refuse_the_end(request: Request) -> Answer | None:
        if request.method == "PATCH" and request.path.startswith("/api/variables/"):
            if request.json["value"]["state"] == "finished":
                return json_answer({"detail": "no"}, 422)
        return None

    with production.watched(refuse_the_end) as proxy, pytest.raises(ClearError):
        production.release("apply", api_url=f"{proxy.url}/api")
    before = without_versions(production)
    assert before["orders/production"]["job_variables"]["memory"] == 2048

    production.repository.write({"README.md": "# Others' data\n"})
    production.repository.commit("A word")
    assert "Nothing to change" in production.release("apply")
    production.repository.replace("prefect.yaml", "memory: 4096", "memory: 1024")
    production.repository.commit("Customers are many")
    production.release("apply")
    assert without_versions(production) != before
    production.release("rollback")

    assert without_versions(production) == before


def without_versions(production) -> dict[str, dict[str, Any]]:
    """Return the deployments without the commits that changed them last."""
    return {
        name: {key: value for key, value in each.items() if key != "version"}
        for name, each in production.settled().items()
    }
