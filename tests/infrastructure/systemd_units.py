"""The units of infrastructure/systemd, as the README's line installs them."""

from __future__ import annotations

import shlex
from configparser import ConfigParser
from pathlib import Path

from tests.repository.tree import ROOT

UNITS = sorted((ROOT / "infrastructure/systemd").glob("*.service"))


def installed_units(clone: Path, folder: Path) -> list[Path]:
    """Write the units for a clone into a folder, and return their paths."""
    folder.mkdir()
    for unit in UNITS:
        text = unit.read_text().replace("CLONE", str(clone))
        (folder / unit.name).write_text(text)
    return [folder / unit.name for unit in UNITS]


def service(name: str) -> dict[str, str]:
    """Return what the unit `data-platform-{name}` sets for its process."""
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / f"infrastructure/systemd/data-platform-{name}.service")
    return dict(unit["Service"])


def words(name: str) -> list[str]:
    """Return the words of a unit's command after its Python."""
    return shlex.split(service(name)["ExecStart"])[1:]
