"""Tasks in a real image by buildah: as its user, without this machine's files."""

from __future__ import annotations

import subprocess

import psutil
import pytest

from tests.servers.waiting import until

pytestmark = pytest.mark.slow


def working_containers() -> str:
    """Return buildah's containers of tasks."""
    listed = subprocess.run(["buildah", "containers"], capture_output=True, text=True)
    return "\n".join(line for line in listed.stdout.splitlines() if "task-" in line)


def test_a_task_runs_as_the_images_user_with_its_environment(in_image):
    task = in_image.run(
        *("sh", "-c", "id -u; env; ls /; exit 3"),
        container={"environment": [{"name": "GIVEN", "value": "a b"}]},
    )
    ended = in_image.ended(task)
    output = in_image.logged(task)

    assert ended["containers"][0]["exitCode"] == 3
    assert output[0] == "999"
    assert not [line for line in output if "exit" in line]
    assert {"GIVEN=a b", "FROM_IMAGE=yes", "PATH=/bin:/usr/bin"} <= set(output)
    assert "work" not in output and "root" not in output
    assert not [line for line in output if line.startswith("DLT_")]


WRITE = """
for folder in /home/app /tmp /mnt/other /open /run; do
  (echo x > $folder/written) 2> /dev/null && echo "writes to $folder"
done
while read -r name value; do
  case $name in CapBnd:) echo "may have $value" ;; esac
done < /proc/self/status
"""


def test_a_read_only_task_writes_to_the_images_volumes_alone(in_image):
    paths = {"home": "/home/app", "tmp": "/tmp", "other": "/mnt/other"}
    confined = {
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "mountPoints": [
            {"sourceVolume": name, "containerPath": path}
            for name, path in paths.items()
        ],
    }
    task = in_image.run("sh", "-c", WRITE, container=confined)
    ended = in_image.ended(task)

    assert ended["containers"][0]["exitCode"] == 0
    # A volume that the image does not declare belongs to root. buildah keeps CAP_SETUID, to
    # become the image's user.
    assert in_image.logged(task) == [
        *("writes to /home/app", "writes to /tmp", f"may have {1 << 7:016x}")
    ]


def test_an_image_has_a_command_of_its_own(in_image):
    task = in_image.run(container={"command": []})

    in_image.ended(task)
    assert in_image.logged(task) == ["by default"]


def test_a_command_that_is_killed_in_an_image(in_image):
    ended = in_image.ended(in_image.run("sh", "-c", "kill -9 $$"))
    assert ended["containers"][0]["exitCode"] == 137


def test_a_task_in_an_image_is_stopped_by_sigterm(in_image):
    script = "trap 'echo asked; exit 5' TERM; echo up; while :; do sleep 0.1; done"
    task = in_image.run("sh", "-c", script)
    in_image.running(task)
    until(lambda: in_image.logged(task), "its output")
    in_image.cloud.client("ecs").stop_task(
        cluster=in_image.outputs["Cluster"], task=task
    )

    assert in_image.ended(task)["containers"][0]["exitCode"] == 5
    assert in_image.logged(task) == ["up", "asked"]
    assert task.rpartition("/")[2] not in working_containers()


def test_nothing_of_a_task_outlives_it(in_image):
    """A run's engine has a session of its own, and belongs to nobody once its parent ended."""
    task = in_image.run("sh", "-c", "setsid sh -c 'sleep 300 > /dev/null & echo $!'")
    in_image.ended(task)

    (pid,) = in_image.logged(task)
    until(lambda: not psutil.pid_exists(int(pid)), "the end of what it left behind")
