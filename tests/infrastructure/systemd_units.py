"""The units of infrastructure/systemd, as the README's line installs them."""

from __future__ import annotations

import re
import shlex
import subprocess
from configparser import ConfigParser
from pathlib import Path

from tests.repository.tree import ROOT

INSTALL = re.search(
    r"^mkdir -p ~/.config/systemd/user$.*?^done$",
    (ROOT / "README.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


def installed_units(clone: Path, home: Path) -> list[Path]:
    """Install the units of a clone in a home with the README's lines."""
    assert INSTALL
    subprocess.run(
        ["bash", "-euc", INSTALL[0]], cwd=clone, env={"HOME": str(home)}, check=True
    )
    return sorted((home / ".config/systemd/user").iterdir())


def service(name: str) -> dict[str, str]:
    """Return what the unit `data-platform-{name}` sets for its process."""
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / f"infrastructure/systemd/data-platform-{name}.service")
    return dict(unit["Service"])


def words(name: str) -> list[str]:
    """Return the words of a unit's command after its Python."""
    return shlex.split(service(name)["ExecStart"])[1:]
