"""Folder of this repository, names of its settings, and copies of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Prefixes of the environment variables that flows or their libraries read.
SETTINGS = (
    *("PREFECT_", "AWS_", "DLT_", "RUNTIME_", "PIPELINES_", "DATASET_", "STAGING_"),
    *("DESTINATION_", "SOURCES_", "EXTRACT_", "NORMALIZE_", "LOAD_", "IMAGE_VERSION"),
    *("PROVIDERS_", "EXPECTED_OUTBOUND_IP", "CHECK_IP_URL"),
)


def environment_of_a_newcomer(home: Path) -> dict[str, str]:
    """Return this process's environment with an empty home and no settings.

    Python keeps the bytecode that it compiles, which some shells forbid.
    """
    left_out = (*SETTINGS, "VIRTUAL_ENV", "UV_", "XDG_", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    home.mkdir()
    return kept | {"HOME": str(home)}


def copy_repository(target: Path) -> Path:
    """Copy all files that git would clone if everything were committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target
