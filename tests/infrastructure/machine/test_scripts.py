"""What people and timers call on the machine, in a root with Debian.

The scripts are real. Stand-ins answer for Docker, AWS, dnf, systemd.
"""

from __future__ import annotations

import re

import pytest

from tests.infrastructure.templates import INFRASTRUCTURE

pytestmark = pytest.mark.slow

METRIC = "aws cloudwatch put-metric-data --namespace data-platform-server --metric-name"
BACKUP = "s3://a-bucket/here.dump"


def test_a_backup_is_stored_told_to_cloudwatch_and_named_last(machine):
    done = machine.script("backup")
    assert done.returncode == 0, done.stderr
    (address,) = done.stdout.splitlines()
    assert re.fullmatch(r"s3://a-bucket/prefect-\d{8}T\d{6}Z\.dump", address)
    assert machine.compose() == ["exec -T database pg_dump --format=custom prefect"]
    assert machine.told("uploaded") == "a-dump\n"
    assert machine.calls("aws ")[-1] == f"{METRIC} Dump --value 7"
    assert not list((machine.files / "var/tmp").iterdir())
    # the start does not make another one
    machine.forget()
    machine.start()
    assert not machine.calls("systemctl start")


def test_of_a_dump_that_fails_nothing_is_stored(machine):
    machine.tell("docker.fails", 1)
    done = machine.script("backup")
    assert (done.returncode, done.stdout) == (1, "")
    assert not machine.calls("aws ")
    assert not list((machine.files / "var/tmp").iterdir())


def test_a_dump_that_is_not_stored_is_not_told(machine):
    machine.tell("aws s3.fails", 1)
    done = machine.script("backup")
    assert (done.returncode, done.stdout) == (1, "")
    assert not machine.calls(METRIC)


def test_a_restore_stops_all_but_the_database_and_starts_it_again(machine):
    machine.tell("services", "database\nserver\nwatch\nworker\n")
    done = machine.script("restore", BACKUP)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Restored: all.\n"
    assert machine.compose() == [
        "up --detach --wait database",
        "config --services",
        "stop server watch worker",
        "exec -T database sh /control-plane/restore.sh",
        "exec -T database psql --no-align --tuples-only --command"
        " SELECT value->>'known_until' FROM variable WHERE name = 'restored'",
        "run --rm --no-deps -T server python -m infrastructure.lease_storage"
        " 2026-12-01T02:30:00+00:00",
        "up --detach --wait",
    ]
    assert machine.told("restored") == "a-backup\n"
    assert not list((machine.files / "var/tmp").iterdir())


def test_after_a_restore_that_fails_the_server_runs_again(machine):
    machine.tell("docker compose.fails", 0)
    script = machine.files / "stand-ins/stand-in"
    text = script.read_text()
    script.write_text(text.replace('cat > restored; echo "Restored: all."', "exit 3"))
    done = machine.script("restore", BACKUP)
    assert (done.returncode, done.stdout) == (3, "")
    assert machine.compose()[-2:] == [
        "exec -T database sh /control-plane/restore.sh",
        "up --detach --wait",
    ]


@pytest.mark.parametrize("words", [(), ("here.dump",)])
def test_a_restore_needs_an_address(machine, words):
    done = machine.script("restore", *words)
    assert done.returncode == 2
    assert "Name a backup: " in done.stderr
    assert not machine.calls()


def test_of_a_backup_that_is_not_there_nothing_changes(machine):
    machine.tell("aws s3.fails", 1)
    assert machine.script("restore", BACKUP).returncode == 1
    assert not machine.compose()


def test_a_server_that_is_well_is_told_so(machine):
    done = machine.script("check")
    assert (done.returncode, done.stdout) == (0, "The server is well.\n"), done.stderr
    assert machine.calls(METRIC) == [f"{METRIC} Healthy --value 1"]
    assert machine.told("asked") == (INFRASTRUCTURE / "server_pulse.py").read_text()


@pytest.mark.parametrize(
    "name, text, told",
    [
        (
            *("pulse", "0\n"),
            "Prefect's API is not ready: /opt/data-platform/compose logs server",
        ),
        (
            *("pulse", "1 720\n"),
            "Prefect's scheduler has owed a run for 720 s:"
            " /opt/data-platform/compose restart server",
        ),
        (
            "states",
            "database running healthy\nserver running starting\n",
            "The service server is not healthy: /opt/data-platform/compose logs server",
        ),
        (
            "services",
            "database\nserver\nwatch\n",
            "The service watch is not healthy: /opt/data-platform/compose logs watch",
        ),
        (
            "failed",
            "data-platform-backup.service loaded failed failed Backup\n"
            "data-platform-check.service loaded failed failed Check\n",
            "data-platform-backup.service has failed:"
            " journalctl --unit data-platform-backup.service",
        ),
    ],
)
def test_what_is_wrong_is_said_and_told(machine, name, text, told):
    machine.tell(name, text)
    done = machine.script("check")
    assert (done.returncode, done.stdout) == (0, f"{told}\n"), done.stderr
    assert machine.calls(METRIC) == [f"{METRIC} Healthy --value 0"]


def test_without_docker_all_is_wrong(machine):
    machine.tell("docker.fails", 9)
    done = machine.script("check")
    assert done.stdout.startswith("Prefect's API is not ready: ")
    assert machine.calls(METRIC) == [f"{METRIC} Healthy --value 0"]


def test_a_watch_without_a_health_check_is_well_while_it_runs(machine):
    machine.tell("services", "watch\n")
    machine.tell("states", "watch running \n")
    assert machine.script("check").stdout == "The server is well.\n"


def test_a_disk_that_fills_is_told(machine):
    df = machine.files / "stand-ins/bin/df"
    df.write_text("#!/bin/sh\nprintf 'Use%%\\n 12%%\\n 81%%\\n'\n")
    df.chmod(0o755)
    done = machine.script("check")
    assert "A disk is filled to 81 %: df -h / /data" in done.stdout
    assert machine.calls(METRIC) == [
        f"{METRIC} DiskUsed --value 81",
        f"{METRIC} Healthy --value 1",
    ]


def test_security_updates_start_the_machine_anew_only_where_they_need_it(machine):
    assert machine.script("patch").returncode == 0
    assert machine.calls()[0] == (
        "dnf upgrade --assumeyes --security --releasever=latest --refresh"
    )
    assert not machine.calls("systemctl")
    machine.tell("hint", "Reboot is required to fully utilize these updates.\n")
    assert machine.script("patch").returncode == 0
    assert machine.calls()[-1] == "systemctl reboot"
    machine.tell("hint", "")
    machine.tell("kernel", "/boot/vmlinuz-6.12.99-1.amzn2023.aarch64\n")
    assert machine.script("patch").returncode == 0
    assert machine.calls()[-1] == "systemctl reboot"


@pytest.mark.parametrize("program", ["dnf", "grubby"])
def test_updates_that_fail_do_not_restart_the_machine(machine, program):
    machine.tell(f"{program}.fails", 1)
    assert machine.script("patch").returncode == 1
    assert not machine.calls("systemctl")
