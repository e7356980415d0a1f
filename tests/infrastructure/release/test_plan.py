"""Plan of a release: what it may change, and the schedules that it removes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.git import Clone
from infrastructure.release.images import ImageChoice, Images
from infrastructure.release.plan import ReleasePlan, Update
from infrastructure.release.prefect_file import read_prefect_file
from infrastructure.release.production import Production
from infrastructure.release.releases import Record, Release
from infrastructure.release.stack import PlatformStack, StackChange
from tests.samples.git_repository import Repository
from tests.samples.pets_prefect_file import CODE, FILE
from utils.errors import ClearError

IMAGE = "registry/pets:old"
STACK = PlatformStack.made_from("pets", "Parameters: {}", IMAGE)


def plan(*update: Update, **fields: Any) -> ReleasePlan:
    parts: dict[str, Any] = {
        "commit": "",
        "image": ImageChoice(IMAGE, build=False),
        "stack": STACK,
        "record": Record(()),
        "stack_change": StackChange("", IMAGE, ()),
        "update": update,
        "flows": {},
        **dict.fromkeys(("create", "delete", "unchanged"), ()),
    }
    return ReleasePlan(**parts | fields)


def test_one_of_two_schedules_at_the_same_time_goes():
    timing = {"cron": "0 7 * * *", "timezone": "Europe/Berlin"}
    twins = [timing | {"slug": slug, "parameters": {}} for slug in ("a", "b")]
    current = ServerDeployment("orders", "production", {"schedules": twins})
    planned = ServerDeployment("orders", "production", {"schedules": twins[1:]})
    removed = plan(Update(planned, current, ())).schedules_removed
    assert removed == (("orders/production", timing),)


def test_a_plan_without_differences_changes_nothing():
    assert not plan().changes
    assert plan(image=ImageChoice(IMAGE, build=True)).changes
    orders = ServerDeployment("orders", "production", {"schedules": []})
    assert plan(delete=(orders,)).deployments_change


@pytest.fixture
def clone(tmp_path) -> Clone:
    repository = Repository(tmp_path / "repository")
    repository.write({"prefect.yaml": FILE, ".dockerignore": ""})
    repository.commit()
    return Clone(repository.folder)


@pytest.fixture
def content(clone) -> Content:
    file = read_prefect_file(FILE)
    return Content(clone.commit(), file, CODE, "Parameters: {}", "a-b")


def production(clone: Clone, *deployments: ServerDeployment) -> Production:
    images = Images("registry/pets", frozenset({"old"}))
    return Production(deployments, STACK, images, Record(()), clone)


def test_a_deployment_of_another_project_is_not_taken_over(clone, content):
    fields = {"tags": ["production"], "job_variables": {"image": "registry/other:1"}}
    foreign = ServerDeployment("cats", "production", fields)
    with pytest.raises(ClearError, match=r"cats/production \(registry/other:1\)"):
        ReleasePlan.of(content, production(clone, foreign))


def test_a_deployment_of_another_project_is_not_deleted(clone, content):
    """The deployment has the same tag, and a name that is not in this file."""
    own, foreign = (
        ServerDeployment(
            "mice",
            name,
            {
                "tags": ["production"],
                "job_variables": {"image": image},
                "schedules": [],
                "version": "",
            },
        )
        for name, image in (("own", IMAGE), ("foreign", "registry/other:1"))
    )
    found = ReleasePlan.of(content, production(clone, own, foreign))
    assert found.delete == (own,)


def test_a_rollback_has_the_releases_image_and_leaves_the_template(clone, content):
    release = Release.now("old", IMAGE, "X86_64")
    found = ReleasePlan.of(content, production(clone), back_to=release)
    assert (found.image.name, found.image.build) == (IMAGE, False)
    assert found.stack_change.template == STACK.template
    assert [each.image for each in found.create] == [IMAGE, IMAGE]


@pytest.mark.parametrize(
    ("wanted", "built_for"), [("ARM64", "X86_64"), ("X86_64", "ARM64")]
)
def test_an_image_for_another_processor_is_neither_kept_nor_restored(
    clone, content, wanted, built_for
):
    """No worker and no run could start in it."""
    parameters = {**STACK.parameters, "CpuArchitecture": wanted}
    released = Release.now(clone.commit(), "registry/pets:a-b", built_for)
    here = Production(
        (),
        replace(STACK, parameters=parameters),
        Images("registry/pets", frozenset({"a-b"})),
        Record((released,)),
        clone,
    )
    told = f"for {built_for}, and the stack pets is for {wanted}. Nothing was changed."
    with pytest.raises(ClearError, match=told):
        ReleasePlan.of(content, here)
    with pytest.raises(ClearError, match=told):
        ReleasePlan.of(content, here, back_to=released)
    same = replace(here, record=Record((replace(released, processor=wanted),)))
    assert ReleasePlan.of(content, same).image.name == "registry/pets:a-b"
