"""Tasks in a real image by buildah: as its user, without this machine's files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repository.tree import ROOT
from tests.servers.waiting import until

IMAGE = "localhost/tests-cloud-shell"
PROGRAMS = ("sh", "env", "id", "sleep", "ls", "chown")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("buildah"), reason="no buildah here"),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """An image with a shell, its libraries and a user."""
    root = tmp_path_factory.mktemp("image")
    before = os.umask(0o022)  # the image's user must be able to read
    for program in PROGRAMS:
        path = Path(shutil.which(program)).resolve()
        linked = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        libraries = [word for word in linked.split() if word.startswith("/")]
        for source in [str(path), *libraries]:
            target = root / source.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        (root / "bin").mkdir(exist_ok=True)
        if not (root / "bin" / program).exists():
            shutil.copy(path, root / "bin" / program)
    (root / "home" / "app").mkdir(parents=True)
    for name in ("tmp", "open"):
        (root / name).mkdir()
        (root / name).chmod(0o777)
    (root / "etc").mkdir()
    (root / "etc" / "passwd").write_text("app:x:999:999::/home/app:/bin/sh\n")
    (root / "etc" / "group").write_text("app:x:999:\n")
    (root / "Dockerfile").write_text(
        "FROM scratch\nCOPY . /\nRUN chown app /home/app\n"
        "ENV FROM_IMAGE=yes PATH=/bin:/usr/bin\nUSER app\n"
        'WORKDIR /home/app\nCMD ["sh", "-c", "echo by default"]\n'
        'VOLUME ["/home/app", "/tmp"]\n'
    )
    os.umask(before)
    subprocess.run(
        ["buildah", "build", "--isolation", "chroot", "--tag", IMAGE, root],
        check=True,
        capture_output=True,
    )
    yield IMAGE
    subprocess.run(["buildah", "rmi", IMAGE], check=True, capture_output=True)


@pytest.fixture
def in_image(platform, image):
    """The platform, with its tasks in the image."""
    platform.cloud.run_tasks_in(image=image)
    yield platform
    platform.cloud.run_tasks_in(code=ROOT)


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
