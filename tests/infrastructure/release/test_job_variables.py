"""Job variables checked against the work pool, that of the server and that of this code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from prefect.exceptions import ObjectNotFound

from blocks.ecs_pool import production_pool
from blocks.work_pools import WorkPool
from infrastructure.release import job_variables
from infrastructure.release.content import Content
from infrastructure.release.job_variables import (
    check_job_variables,
    check_planned_job_variables,
    read_pools,
)
from infrastructure.release.prefect_file import PrefectFileError, read_prefect_file
from infrastructure.release.stack import PlatformStack
from tests.repository.tree import ROOT
from tests.samples.pets_prefect_file import CODE, FILE, changed
from utils.aws.stack import TEMPLATE, StackOutputs
from utils.errors import ClearError

TEXT = (ROOT / TEMPLATE).read_text()
STACK = PlatformStack.made_from("pets", TEXT, "registry/pets:1")
POOL = {
    "variables": {
        "type": "object",
        "properties": {
            "image": {"type": "string"},
            "cpu": {"type": "integer"},
            "env": {"type": "object"},
        },
    }
}


def content(file: str = FILE) -> Content:
    return Content("abc", read_prefect_file(file), CODE, TEXT, "a-b")


def server(pool: dict[str, Any] | None, **others: dict[str, Any]) -> Any:
    """Return a client of a server with these templates of its pools."""
    pools = {"production": pool, **others}

    def read_work_pool(name: str) -> Any:
        if (template := pools.get(name)) is None:
            raise ObjectNotFound(Exception())
        return SimpleNamespace(base_job_template=template)

    return SimpleNamespace(read_work_pool=read_work_pool)


def checked(content: Content, client: Any, stack: PlatformStack, **needs: bool) -> None:
    """Check a commit's job variables against the pools of a server."""
    check_job_variables(content, read_pools(content, client), stack, **needs)


@pytest.mark.parametrize(
    "file, fault",
    [
        (changed("cpu: 256", "cpuu: 256"), "16: .* no job variable `cpuu`. .*`cpu`"),
        (changed("cpu: 256", "env: many"), "16: .* refuses: 'many'"),
    ],
)
def test_a_fault_is_found_in_its_line(file, fault):
    with pytest.raises(PrefectFileError, match=f"prefect.yaml:{fault}"):
        checked(content(file), server(POOL), STACK, pool_needed=True)
    with pytest.raises(PrefectFileError, match=f"prefect.yaml:{fault}"):
        check_planned_job_variables(content(file), STACK)


def test_each_deployment_is_checked_against_its_own_pool():
    """A second pool, such as one with machines of another kind, that a person made."""
    moved = '{name: large, job_variables: {image: "{{ $IMAGE }}", cpu: 256}}'
    entry = "    name: production\n    entrypoint: flows.dogs"
    assert entry in FILE
    file = FILE.replace(entry, f"    work_pool: {moved}\n{entry}")
    large = {"variables": {"properties": {"image": {}, "gpu": {"type": "integer"}}}}
    there = server(POOL, large=large)
    with pytest.raises(PrefectFileError, match="large has no job variable `cpu`"):
        checked(content(file), there, STACK, pool_needed=True)
    right = file.replace("cpu: 256}}", "gpu: 1}}")
    checked(content(right), there, STACK, pool_needed=True)
    assert read_pools(content(right), there) == {"production": POOL, "large": large}


def test_a_source_without_a_role_is_found_in_its_line():
    file = changed("cpu: 256", "cpu: 256\n        role: vann")
    with pytest.raises(
        PrefectFileError, match="yaml:17: .* refuses: 'vann' is not one"
    ):
        check_planned_job_variables(content(file), STACK)
    check_planned_job_variables(content(file.replace("vann", "van")), STACK)


def test_the_pool_of_the_server_is_asked_first():
    checked(content(), server(POOL), STACK, pool_needed=True)
    only_here = content(changed("cpu: 256", "extra: 1"))
    pool = {
        "variables": {"properties": POOL["variables"]["properties"] | {"extra": {}}}
    }
    checked(only_here, server(pool), STACK, pool_needed=False)


@pytest.mark.parametrize("pool", [None, {"variables": {"properties": {}}}])
def test_a_pool_still_to_be_updated_is_enough_for_a_plan(pool):
    checked(content(), server(pool), STACK, pool_needed=False)
    with pytest.raises(ClearError, match="no work pool|no job variable"):
        checked(content(), server(pool), STACK, pool_needed=True)


def test_a_pool_may_need_an_output_that_only_the_commits_template_has(monkeypatch):
    def pool_of(stack: StackOutputs, foundation: StackOutputs) -> WorkPool:
        pool = production_pool(stack, foundation)
        pool.base_job_template["variables"]["properties"]["efs"] = {
            "default": stack["FileSystemId"]
        }
        return pool

    monkeypatch.setattr(job_variables, "production_pool", pool_of)
    template = TEXT.replace("\nOutputs:\n", "\nOutputs:\n  FileSystemId: {Value: x}\n")
    file = read_prefect_file(changed("cpu: 256", "efs: fs-1"))
    check_planned_job_variables(Content("abc", file, CODE, template, "a-b"), STACK)
