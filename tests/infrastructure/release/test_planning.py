"""Plans of the checked-out commit against another one, and commits that are rejected."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infrastructure.release.git import Clone
from infrastructure.release.planning import plan_rollback, plan_since
from tests.infrastructure.release.expected_plan import IN_PRODUCTION
from utils.aws.stack import TEMPLATE
from utils.errors import ClearError


@pytest.fixture
def clone(repository, content) -> Clone:
    """Clone at the first commit. Reading of commits is quick."""
    repository.git("switch", "--quiet", "--detach", "house")
    return Clone(repository.folder)


def test_flows_of_the_base_may_need_packages_that_are_gone(repository, clone):
    """Plans a pull request that removes a package."""
    code = repository.read("flows/ping.py")
    repository.write({"flows/ping.py": f"import a_package_that_is_gone\n{code}"})
    base = repository.commit("With a package")
    repository.write({"flows/ping.py": code})
    repository.commit("Without it")

    plan = plan_since(clone, base)

    assert plan.flows == {"ping": ("flows/ping.py",)}
    assert [each.planned.full_name for each in plan.update] == IN_PRODUCTION


def test_the_pools_of_the_base_are_accepted(repository, clone):
    base = clone.commit()
    file = repository.read("prefect.yaml")
    moved = file.replace("{name: production, job", "{name: warehouse, job")
    repository.write({"prefect.yaml": moved})
    commit = repository.commit("Another pool")
    with pytest.raises(ClearError, match="no work pool `warehouse`"):
        plan_since(clone, base)

    repository.replace("prefect.yaml", "0 7 * * *", "0 8 * * *")
    repository.commit("Orders come later")
    (update,) = plan_since(clone, commit).update
    ((before, after),) = update.schedules_moved
    assert (before["cron"], after["cron"]) == ("0 7 * * *", "0 8 * * *")


def test_job_variables_are_checked_against_the_pool_of_this_code(repository, clone):
    base = clone.commit()
    repository.replace("prefect.yaml", "memory: 4096", "memroy: 4096")
    repository.commit("A misspelt variable")
    with pytest.raises(ClearError, match="no job variable `memroy`"):
        plan_since(clone, base)


def test_a_commit_that_mends_a_fault_of_its_base_is_planned(repository, clone):
    """A pull request would otherwise be red because of what it mends."""
    repository.replace("prefect.yaml", "name: shop", "nam: shop")
    base = repository.commit("A fault")
    with pytest.raises(ClearError, match="`nam`"):
        plan_since(clone, clone.commit("house"))
    repository.replace("prefect.yaml", "nam: shop", "name: shop")
    repository.commit("Fixed")

    plan = plan_since(clone, base)

    (told,) = plan.notes
    assert f"{base[:12]}, to compare with, cannot be read: prefect.yaml:1: " in told
    assert [each.full_name for each in plan.create] == IN_PRODUCTION
    assert plan.stack_change.resources == ()


def test_resources_of_a_pull_request_are_foretold(repository, clone):
    base = clone.commit()
    lake = "infrastructure/data_lake.yml"
    repository.replace(lake, "NoncurrentDays: 30", "NoncurrentDays: 60")
    repository.replace(
        TEMPLATE, "${AWS::StackName}/flows\n      Ret", "runs\n      Ret"
    )
    repository.remove("infrastructure/github_deploy.yml")
    repository.commit("Two templates")

    plan = plan_since(clone, base)

    (by_hand,) = plan.by_hand
    assert by_hand.name == "data-platform-lake" and by_hand.resources
    assert [each.name for each in by_hand.resources] == ["Bucket"]
    assert plan.stack_change.resources
    assert plan.stack_change.resources[0].loss == "all logs until now"


def test_a_rollback_needs_an_earlier_release(clone):
    client: Any = SimpleNamespace(
        request=lambda *args, **kwargs: SimpleNamespace(json=lambda: [])
    )
    with pytest.raises(ClearError, match="no release before"):
        plan_rollback(clone, "shop", client)
