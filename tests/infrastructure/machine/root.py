"""A root with Debian in which the machine's scripts run, with stand-ins for what boots."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Iterator

from tests.infrastructure.templates import INFRASTRUCTURE, SERVERS, properties, read
from tests.servers.images import BASE, Container, buildah, ready_store

TEMPLATE = SERVERS["ec2"]
SCRIPTS = "/opt/data-platform/control_plane/machine"
STAND_IN = Path(__file__).with_name("stand_in.sh")
PROGRAMS = (
    *("aws", "curl", "dd", "dnf", "docker", "grubby", "lsblk", "mkfs.xfs", "mount"),
    *("mountpoint", "sleep", "swapon", "sysctl", "systemctl", "xfs_growfs"),
)
VALUES = {
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "data-platform-server",
    "PlatformStackName": "data-platform",
    "ImageUri": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform:4f2a",
    "ApiSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-a1B2c3",
    "PrivateIpAddress": "10.20.0.10",
    "Data": "vol-0a1b",
    "Dumps": "a-bucket",
    "IsNat": "false",
    "RunsWorker": "false",
    "RunbookUrl": "",
    "WorkPool": "production",
    "WorkerRole": "arn:aws:iam::123456789012:role/data-platform/worker",
    "WorkerLogs": "/data-platform/worker",
    "EventsQueue": "events",
    "Cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/data-platform",
}
DISK = "nvme-Amazon_Elastic_Block_Store_vol0a1b"
# Mounts are this process's own. What is in /dev is made anew.
ENTER = f"""
mount --make-rprivate / && cd "$1"
mount -t proc proc proc && mount -t tmpfs tmpfs dev && mkdir -p dev/disk/by-id
ln -s /proc/self/fd dev/fd
mknod dev/null c 1 3 && mknod dev/zero c 1 5 && mknod dev/urandom c 1 9
chmod 666 dev/null dev/zero dev/urandom
[ ! -e stand-ins/attached ] || touch dev/disk/by-id/{DISK}
exec env -i PATH=/stand-ins/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot . "${{@:2}}"
"""


def filled(text: str, **changes: str) -> str:
    """Return a text of the template with its parameters' values."""
    for name, value in (VALUES | changes).items():
        text = text.replace(f"${{{name}}}", value)
    return text


def user_data() -> str:
    """Return the machine's user data."""
    return filled(
        properties(TEMPLATE, "ServerMachine")["UserData"]["Fn::Base64"]["Sub"]
    )


def settings(**changes: str) -> str:
    """Return the settings that the stack keeps for the machine."""
    return filled(
        read(TEMPLATE)["Resources"]["Settings"]["Properties"]["Value"]["Sub"][0],
        **changes,
    )


@dataclass(frozen=True)
class Root:
    """Root of a machine that has not booted yet."""

    files: Path

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as root, with nothing of this process's environment."""
        return subprocess.run(
            ["unshare", "--mount", "--", "bash", "-c", ENTER, "-", str(self.files)]
            + list(command),
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Run the user data, as the first boot does."""
        return self.run("bash", "-c", user_data())

    def start(self) -> subprocess.CompletedProcess[str]:
        """Run what the machine's unit starts."""
        return self.run(f"{SCRIPTS}/fetch.sh")

    def script(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts that people and timers call."""
        self.forget()
        return self.run(f"{SCRIPTS}/{name}.sh", *words)

    def tell(self, name: str, text: object) -> None:
        """Let the stand-ins answer with this text."""
        (self.files / "stand-ins" / name).write_text(str(text))

    def told(self, name: str) -> str:
        """Return what a stand-in has kept."""
        return (self.files / "stand-ins" / name).read_text()

    def read(self, path: str) -> str:
        """Return a file's text."""
        return (self.files / path).read_text()

    def calls(self, start: str = "") -> list[str]:
        """Return the calls of stand-ins that begin so, in their order."""
        lines = self.told("log").splitlines()
        return [line for line in lines if line.startswith(start)]

    def compose(self) -> list[str]:
        """Return the commands of Compose, in their order."""
        calls = self.calls("docker compose ")
        assert all(COMPOSE in call for call in calls)
        return [call.partition(COMPOSE)[2] for call in calls]

    def forget(self) -> None:
        """Forget the calls until now."""
        self.tell("log", "")


COMPOSE = (
    "--project-directory /opt/data-platform --env-file /opt/data-platform/.env"
    " --file /opt/data-platform/compose.yaml"
    " --file /opt/data-platform/compose.machine.yaml "
)


@contextmanager
def debian() -> Iterator[Root]:
    """Make a root in which nothing has run yet."""
    with ready_store():
        container = Container(buildah("from", "--pull-never", BASE))
        try:
            yield _prepared(container.files)
        finally:
            buildah("rm", container.name)


def _prepared(files: Path) -> Root:
    """Put stand-ins and the image's files into a root."""
    (files / "stand-ins/bin").mkdir(parents=True)
    shutil.copy(STAND_IN, files / "stand-ins/stand-in")
    for program in PROGRAMS:
        os.symlink("../stand-in", files / "stand-ins/bin" / program)
    shutil.copytree(
        INFRASTRUCTURE,
        files / "image",
        ignore=shutil.ignore_patterns("__pycache__", "*.yml", "snowflake"),
    )
    root = Root(files)
    for name, text in {
        "settings": settings(),
        "secret": "admin:it's $1\n",
        "architecture": "amd64\n",
        "services": "database\nserver\n",
        "states": "database running healthy\nserver running healthy\n",
        "pulse": "1 0\n",
        "kernel": f"/boot/vmlinuz-{os.uname().release}\n",
        **dict.fromkeys(("attached", "failed", "filesystem", "hint", "log"), ""),
    }.items():
        root.tell(name, text)
    (files / "etc/sysctl.d").mkdir(exist_ok=True)
    (files / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
    _expect(files / "image/control_plane/machine/prepare.sh", "a-plugin\n")
    return root


def _expect(script: Path, plugin: str) -> None:
    """Let the script take the stand-in's file for Compose."""
    lines = script.read_text().splitlines(keepends=True)
    sum_ = sha256(plugin.encode()).hexdigest()
    script.write_text(
        "".join(
            (
                f"{os.uname().machine}) sum={sum_} ;;\n"
                if line.startswith(f"{os.uname().machine})")
                else line
            )
            for line in lines
        )
    )
