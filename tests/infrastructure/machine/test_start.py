"""A machine's first boot, its later starts, and changes of its stack, in a root with Debian.

The scripts are real. Stand-ins answer for Docker, AWS, dnf, systemd, and for the disk.
"""

from __future__ import annotations

import re
import stat
import subprocess

import pytest

from tests.infrastructure.machine.root import VALUES, Root, settings

pytestmark = pytest.mark.slow

IMAGE = VALUES["ImageUri"]
UP = "up --detach --wait --remove-orphans"


def env(root: Root) -> dict[str, str]:
    """Return what Compose takes from its environment."""
    lines = root.read("opt/data-platform/.env").splitlines()
    pairs = [line.split("=", 1) for line in lines if not line.startswith("#")]
    assert all(re.fullmatch("'.*'", value) for _, value in pairs)
    return {name: value[1:-1] for name, value in pairs}


def mode(root: Root, path: str) -> int:
    return stat.S_IMODE((root.files / path).stat().st_mode)


def succeeded(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr


def test_the_first_boot_starts_the_server(machine):
    calls = machine.calls()
    forwards, docker, fetched = (
        calls.index(call)
        for call in (
            "sysctl -p /etc/sysctl.d/90-data-platform.conf",
            "systemctl enable --now docker",
            f"docker pull --quiet {IMAGE}",
        )
    )
    # Docker forbids forwarding if it has to switch it on itself
    assert forwards < docker < fetched
    assert machine.read("etc/sysctl.d/90-data-platform.conf") == (
        "net.ipv4.ip_forward=1\n"
    )
    assert machine.compose() == [
        "--profile worker rm --stop --force worker watch",
        UP,
    ]
    enabled = machine.calls("systemctl enable")
    assert "systemctl enable --quiet data-platform.service" in enabled
    for timer in ("backup", "check", "patch", "update"):
        assert f"systemctl enable --quiet --now data-platform-{timer}.timer" in enabled
    assert "systemctl disable --quiet --now sshd.service" in calls
    # the first backup does not wait for the night
    assert calls[-1] == "systemctl start --no-block data-platform-backup.service"


def test_secrets_are_root_s_alone(machine):
    assert mode(machine, "opt/data-platform/.env") == 0o600
    assert mode(machine, "data/password") == 0o600
    values = env(machine)
    # as Compose reads it between apostrophes
    assert values["PREFECT_API_AUTH_STRING"] == r"admin:it\'s $1"
    assert re.fullmatch(r"[\w-]{32}", values["POSTGRES_PASSWORD"])
    assert values["COMPOSE_PROFILES"] == ""
    assert "assw" not in "".join(machine.calls("docker compose"))


def test_the_first_boot_tries_until_all_is_there(root):
    root.tell("dnf.fails", 2)
    root.tell("aws ssm get-parameter.fails", 1)
    root.tell("docker pull.fails", 3)
    root.tell("curl.fails", 1)
    succeeded(root.boot())
    assert root.calls("dnf ") == 3 * ["dnf install -y docker"]
    assert root.calls("sleep") == 2 * ["sleep 5"] + 3 * ["sleep 30"]
    assert root.compose()[-1] == UP


def test_a_start_changes_nothing_that_is_there(machine):
    before = env(machine)
    fstab = machine.read("etc/fstab")
    machine.forget()
    succeeded(machine.start())
    assert env(machine) == before
    assert machine.read("etc/fstab") == fstab
    assert fstab.count("\n/swapfile ") == fstab.count("LABEL=data-platform /data ") == 1
    for call in ("dnf", "docker pull", "docker cp", "mkfs.xfs", "mount ", "curl", "dd"):
        assert not machine.calls(call), call
    assert machine.compose()[-1] == UP


def test_a_new_image_brings_its_scripts_and_files(machine):
    machine.tell("settings", settings(ImageUri=f"{IMAGE}2"))
    (machine.files / "image/lease_storage.py").write_text("# new\n")
    before = env(machine)
    succeeded(machine.script("update"))
    assert machine.calls("systemctl") == ["systemctl restart data-platform.service"]

    machine.forget()
    succeeded(machine.start())
    assert f"docker pull --quiet {IMAGE}2" in machine.calls()
    assert machine.read("opt/data-platform/lease_storage.py") == "# new\n"
    after = env(machine)
    assert after["IMAGE"] == f"{IMAGE}2"
    # Compose starts the server anew, because its label differs
    assert after["LEASE_STORAGE"] != before["LEASE_STORAGE"]
    assert after["POSTGRES_PASSWORD"] == before["POSTGRES_PASSWORD"]
    succeeded(machine.script("update"))
    assert machine.calls("systemctl") == ["systemctl start data-platform.service"]


def test_an_image_that_cannot_be_had_leaves_the_server_alone(machine):
    machine.tell("settings", settings(ImageUri=f"{IMAGE}2"))
    machine.tell("docker pull.fails", 2)
    machine.forget()
    assert machine.start().returncode != 0
    assert not machine.compose()
    machine.tell("settings", settings())
    machine.forget()
    succeeded(machine.start())
    assert not machine.calls("docker pull")
    assert machine.compose()[-1] == UP


def test_an_image_for_other_processors_still_has_the_scripts(root):
    root.tell("docker pull.fails", 1)
    succeeded(root.boot())
    assert root.calls("docker pull")[1:] == [
        f"docker pull --quiet --platform linux/amd64 {IMAGE}"
    ]


def test_without_aws_the_machine_keeps_what_it_had(machine):
    before = env(machine)
    machine.tell("aws ssm get-parameter.fails", 1)
    succeeded(machine.start())
    assert env(machine) == before
    machine.tell("aws.fails", 2)
    assert machine.start().returncode != 0
    assert env(machine) == before


def test_the_worker_runs_where_it_is_wanted(machine):
    machine.tell("settings", settings(RunsWorker="true"))
    machine.forget()
    succeeded(machine.start())
    assert env(machine)["COMPOSE_PROFILES"] == "worker"
    assert machine.compose() == [UP]
    assert machine.read("opt/data-platform/aws.config").splitlines() == [
        "[default]",
        f"role_arn = {VALUES['WorkerRole']}",
        "credential_source = Ec2InstanceMetadata",
        "role_session_name = machine",
    ]
    # read by the image's unprivileged user
    assert mode(machine, "opt/data-platform/aws.config") == 0o644


def test_the_worker_s_image_is_fetched_again_if_it_was_removed(machine):
    machine.tell("settings", settings(RunsWorker="true"))
    machine.tell("docker image inspect.fails", 1)
    machine.forget()
    succeeded(machine.start())
    assert machine.calls("docker pull")


def test_a_worker_for_other_processors_is_refused_and_the_server_runs(machine):
    machine.tell("settings", settings(RunsWorker="true"))
    machine.tell("architecture", "arm64" if _is_amd64() else "amd64")
    machine.forget()
    done = machine.start()
    assert done.returncode == 1
    assert "no worker can run\nhere. Choose another InstanceType" in done.stderr
    assert env(machine)["COMPOSE_PROFILES"] == ""
    assert machine.compose()[-1] == UP


def _is_amd64() -> bool:
    return subprocess.check_output(["uname", "-m"], text=True) == "x86_64\n"


def test_the_nat_s_unit_runs_where_it_is_wanted(machine):
    nat = "data-platform-nat.service"
    assert machine.calls("systemctl disable")[0].endswith(nat)
    machine.tell("settings", settings(IsNat="true"))
    machine.forget()
    succeeded(machine.start())
    assert "dnf install --assumeyes --quiet nftables" in machine.calls()
    assert f"systemctl restart {nat}" in machine.calls()
    assert not [call for call in machine.calls("systemctl disable") if nat in call]


def test_a_disk_with_data_is_not_formatted(root):
    root.tell("filesystem", "xfs\n")
    succeeded(root.boot())
    assert not root.calls("mkfs.xfs")
    assert root.calls("mount ") == ["mount /data"]


def test_without_its_disk_nothing_is_formatted_and_nothing_starts(root):
    (root.files / "stand-ins/attached").unlink()
    (root.files / "opt/data-platform").mkdir(parents=True)
    (root.files / "opt/data-platform/settings").write_text(settings())
    done = root.run("/image/control_plane/machine/prepare.sh")
    assert done.returncode == 1
    assert done.stderr == "The disk vol-0a1b is not attached to this machine.\n"
    assert not root.calls("mkfs.xfs")


def test_a_file_with_another_checksum_is_not_taken_for_compose(machine):
    plugin = "usr/local/lib/docker/cli-plugins/docker-compose"
    (machine.files / plugin).write_text("older")
    script = machine.files / "opt/data-platform/control_plane/machine/prepare.sh"
    script.write_text(re.sub("sum=[0-9a-f]{64}", f"sum={'0' * 64}", script.read_text()))
    machine.forget()
    done = machine.start()
    assert done.returncode != 0
    assert "checksum did NOT match" in done.stderr
    assert machine.read(plugin) == "older"
    assert not machine.compose()
