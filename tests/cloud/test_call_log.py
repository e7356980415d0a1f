"""Log of the calls that were made."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow


def test_calls_are_logged_with_caller_and_status(cloud, platform):
    role = platform.outputs["TaskRoleArn"]
    client = cloud.client_of(role, "ecs")
    client.list_tasks(cluster=platform.outputs["Cluster"])
    with pytest.raises(client.exceptions.ClusterNotFoundException):
        client.list_tasks(cluster="other")

    calls = cloud.calls(action="ListTasks", who=role.rpartition("/")[2])

    assert [
        (each["service"], each["parameters"]["cluster"], each["status"])
        for each in calls
    ] == [("ecs", platform.outputs["Cluster"], 200), ("ecs", "other", 400)]


def test_no_secret_is_kept(cloud):
    client = cloud.client("secretsmanager")
    client.create_secret(Name="logged", SecretString="do-not-keep")
    client.get_secret_value(SecretId="logged")
    client.delete_secret(SecretId="logged", ForceDeleteWithoutRecovery=True)

    (created,) = [
        each
        for each in cloud.calls(action="CreateSecret")
        if each["parameters"].get("Name") == "logged"
    ]
    assert created["status"] == 200
    assert "do-not-keep" not in json.dumps(cloud.calls())
