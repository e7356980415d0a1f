"""Deployments planned from prefect.yaml, and compared with those on the server."""

from __future__ import annotations

import pytest

from infrastructure.release.deployments import ServerDeployment, planned_deployment
from infrastructure.release.prefect_file import read_prefect_file
from tests.samples.pets_prefect_file import CATS, FILE

IMAGE, COMMIT = "registry/pets:a-b", "0123456789abcdef"
SECRET = {"env": {"TOKEN": "sesame", "PLACE": "sesame"}}


@pytest.fixture
def cats() -> ServerDeployment:
    declared, _ = read_prefect_file(FILE).production
    return planned_deployment(declared, CATS, IMAGE, COMMIT)


def test_a_planned_deployment_has_the_servers_defaults(cats):
    assert (cats.full_name, cats.image, cats.tagged) == (
        *("cats/production", IMAGE),
        True,
    )
    assert cats.fields["version"] == "01234567"
    assert cats.fields["work_queue_name"] == "default"
    (schedule,) = cats.fields["schedules"]
    assert schedule["day_or"] is True and schedule["active"] is True


def test_a_later_commit_alone_is_no_difference(cats):
    """Each commit would otherwise change each deployment, and so its scheduled runs."""
    current = ServerDeployment("cats", "production", cats.fields | {"version": "0"})
    assert cats.differences(current) == ()


def test_an_id_is_only_of_the_server(cats):
    with pytest.raises(ValueError, match="cats/production is not on Prefect's server"):
        cats.server_id


def test_values_set_by_hand_are_hidden_unless_they_are_public(cats):
    by_hand = cats.fields | {
        "job_variables": cats.fields["job_variables"] | SECRET,
        "description": "By hand.",
    }
    current = ServerDeployment("cats", "production", by_hand)

    hidden = {each.field: each.old for each in cats.differences(current)}
    public = {each.field: each.old for each in cats.differences(current, "a: sesame")}

    assert hidden == {
        "description": "By hand.",
        "job_variables.env.PLACE": "(not shown)",
        "job_variables.env.TOKEN": "(not shown)",
    }
    assert public["job_variables.env.PLACE"] == "sesame"
    assert public["job_variables.env.TOKEN"] == "(not shown)"
