"""Content of a commit: its flows, and the deployments that it plans."""

from __future__ import annotations

import pytest

from infrastructure.release.code import Code
from infrastructure.release.content import Content
from infrastructure.release.prefect_file import PrefectFileError, read_prefect_file
from tests.samples.pets_prefect_file import CATS, CODE, FILE

CONTENT = Content("abc", read_prefect_file(FILE), CODE, "", "a-b")


def test_deployments_are_those_of_production():
    found = CONTENT.deployments("registry/pets:abc")
    assert [each.full_name for each in found] == ["cats/production", "dogs/production"]
    assert {each.image for each in found} == {"registry/pets:abc"}
    assert {each.fields["version"] for each in found} == {"abc"}


def test_the_work_pool_of_production_must_exist():
    CONTENT.check({"production"})
    with pytest.raises(PrefectFileError, match="no work pool `production`"):
        CONTENT.check({"other"})


def test_flows_that_fail_to_import_are_filled_in():
    entrypoints = ("flows.cats.cats", "flows.birds.birds")
    broken = Content(
        "old", CONTENT.file, Code({}, dict.fromkeys(entrypoints, "no library")), "", ""
    )

    filled = broken.with_flows_of(CONTENT).code

    assert filled.errors == {}
    assert filled.flows["flows.cats.cats"] == CATS
    assert filled.flows["flows.birds.birds"].name == "birds"
