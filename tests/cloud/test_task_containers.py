"""Tasks of several containers: their order, their volumes and what is overridden."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow

UNPRIVILEGED = "1000:1000"


def container(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "a-shell",
        "command": ["sh", "-c", script],
        "readonlyRootFilesystem": True,
    } | more


def after(name: str) -> dict[str, Any]:
    return {"dependsOn": [{"containerName": name, "condition": "SUCCESS"}]}


def mounted(volume: str, path: str, **more: bool) -> dict[str, Any]:
    return {"mountPoints": [{"sourceVolume": volume, "containerPath": path} | more]}


def run(platform, *containers, volumes=(), **changes) -> dict[str, Any]:
    """Run a task of containers to its end, and return the task."""
    definition = platform.cloud.client("ecs").register_task_definition(
        family="several",
        containerDefinitions=list(containers),
        volumes=list(volumes),
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )["taskDefinition"]["taskDefinitionArn"]
    ecs = platform.cloud.client("ecs")
    started = ecs.run_task(**platform.request(definition) | changes)
    return platform.ended(started["tasks"][0]["taskArn"])


def codes(task: dict[str, Any]) -> dict[str, int | None]:
    return {each["name"]: each.get("exitCode") for each in task["containers"]}


def output(platform, task: dict[str, Any]) -> str:
    """Return what the essential container printed."""
    return platform.cloud.output(task["taskArn"])


def test_a_container_hands_files_to_the_next_one(in_image):
    """As root it owns the volume, of which the next one's user may read and not write."""
    task = run(
        in_image,
        container(
            *("first", "echo $WORD > /given/word; mkdir -m 1777 /given/open"),
            **mounted("shared", "/given") | {"essential": False, "user": "0"},
        ),
        container(
            *("second", "id -u; read w < /got/word; echo $w; ls /got; echo x > /got/y"),
            **mounted("shared", "/got", readOnly=True) | after("first"),
            user=UNPRIVILEGED,
        ),
        volumes=[{"name": "shared"}],
        overrides={
            "containerOverrides": [
                {"name": "first", "environment": [{"name": "WORD", "value": "hello"}]}
            ]
        },
    )
    assert output(in_image, task).splitlines()[:4] == ["1000", "hello", "open", "word"]
    assert codes(task)["first"] == 0
    assert codes(task)["second"] != 0  # it wrote


def test_what_depends_on_a_failed_container_does_not_start(in_image):
    task = run(
        in_image,
        container("first", "exit 3", essential=False),
        container("second", "echo started", **after("first")),
    )
    assert codes(task) == {"first": 3, "second": None}
    assert task["stopCode"] == "TaskFailedToStart"
    assert "first" in task["stoppedReason"]


def test_a_file_system_outlives_its_tasks(in_image):
    efs = in_image.cloud.client("efs")
    system = efs.create_file_system(CreationToken="several")["FileSystemId"]
    point = efs.create_access_point(
        ClientToken="several",
        FileSystemId=system,
        PosixUser={"Uid": 1000, "Gid": 1000},
        RootDirectory={
            "Path": "/of/server",
            "CreationInfo": {
                "OwnerUid": 1000,
                "OwnerGid": 1000,
                "Permissions": "0700",
            },
        },
    )["AccessPointId"]
    volume = {
        "name": "home",
        "efsVolumeConfiguration": {
            "fileSystemId": system,
            "transitEncryption": "ENABLED",
            "authorizationConfig": {"accessPointId": point},
        },
    }
    script = "ls /home/of-server; echo 1 > /home/of-server/kept"
    given = {"volumes": [volume]}
    server = container(
        "server", script, user=UNPRIVILEGED, **mounted("home", "/home/of-server")
    )
    first, second = (run(in_image, server, **given) for _ in range(2))
    assert codes(first) == codes(second) == {"server": 0}
    assert (output(in_image, first), output(in_image, second)) == ("", "kept\n")
    efs.delete_access_point(AccessPointId=point)
    efs.delete_file_system(FileSystemId=system)
