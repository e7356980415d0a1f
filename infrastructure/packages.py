"""Lists what this project installs: version, licence, and where its hash is checked.

`python -m infrastructure.packages` reads the locks, and the licences of what is installed.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from importlib.metadata import Distribution
from pathlib import Path

from infrastructure.licences import installed, licence
from infrastructure.locks import WORKFLOWS, Pinned, pinned

HEAD = ("Package", "Version", "Used in", "Hash checked by", "Licence")
NOBODY = "nobody"
# Not packages of an index, so not in the list.
OTHERS = """\
Debian's packages (Dockerfile, .ci/run) are checked by apt: the archive's signature.
The image's base is a tag (PYTHON_IMAGE in the Dockerfile): its publisher may move it."""


def table() -> str:
    """Return the list as text, a package a line."""
    rows = [HEAD] + [
        (each.name, each.version, each.used_in, each.checked or NOBODY, _licence(each))
        for each in pinned()
    ]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in rows
    )


def _licence(package: Pinned) -> str:
    """Return the licence of a package, if it is installed anywhere here."""
    if package.used_in == WORKFLOWS:
        return "-"
    return licence(installed().get(package.name) or _others().get(package.name))


@cache
def _others() -> dict[str, Distribution]:
    """Return the packages of CI's programs, and those beside uv."""
    data = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    tools = (data / "prefect-dlt-ecs-tools").glob("*/lib/python3*/site-packages")
    base = {"base": sys.base_prefix, "platbase": sys.base_prefix}
    return installed((sysconfig.get_path("purelib", vars=base), *map(str, tools)))


if __name__ == "__main__":
    print(f"{table()}\n\n{OTHERS}")
