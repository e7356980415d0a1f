"""The machine's units: systemd understands them, and they start scripts that are there."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.infrastructure.templates import INFRASTRUCTURE
from tests.servers.programs import program

FOLDER = INFRASTRUCTURE / "control_plane/machine"
UNITS = sorted(
    each for each in FOLDER.iterdir() if each.suffix in (".service", ".timer")
)
DOCKER = "[Service]\nExecStart=/bin/true\n"


def test_systemd_understands_the_units(tmp_path):
    """systemd only warns of what it ignores."""
    machine = tmp_path.with_name(f"{tmp_path.name}-machine")  # a path without a space
    machine.symlink_to(FOLDER)
    for unit in UNITS:
        text = unit.read_text().replace(
            "/opt/data-platform/control_plane/machine", str(machine)
        )
        (tmp_path / unit.name).write_text(text)
    (tmp_path / "docker.service").write_text(DOCKER)
    found = subprocess.run(
        [program("systemd-analyze"), "verify", *sorted(tmp_path.iterdir())],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_script_and_a_timer_a_unit(unit):
    if unit.suffix == ".timer":
        assert unit.with_suffix(".service") in UNITS
    else:
        script = re.search(
            "^ExecStart=/opt/data-platform/control_plane/machine/(.*)$",
            unit.read_text(),
            re.M,
        )
        assert os.access(FOLDER / script[1], os.X_OK)


def test_timers_go_off_when_the_page_says():
    times = {
        each.stem.removeprefix("data-platform-"): re.search(
            "^OnCalendar=(.*)$", each.read_text(), re.M
        )[1]
        for each in UNITS
        if each.suffix == ".timer"
    }
    assert times == {
        "backup": "*-*-* 02:30:00 UTC",
        "check": "*:2/5",
        "patch": "*-*-* 03:30:00 UTC",
        "update": "*:0/5",
    }


@pytest.mark.parametrize(
    "script", sorted(FOLDER.glob("*.sh")), ids=lambda each: each.name
)
def test_every_script_stops_at_its_first_error(script):
    text = script.read_text()
    subprocess.run(["bash", "-n", script], check=True)
    strict = "set -euo pipefail" in text or '/common.sh"' in text
    assert strict or "\nexec " in text
