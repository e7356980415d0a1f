"""Arrow gives its memory back, in a process and in the image."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.repository.tree import ROOT


def test_arrow_takes_its_memory_from_the_system():
    """Arrow decides when it is imported: hence a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ARROW_")}
    script = (
        "import flows.exchange_rates, utils.loading.run, pyarrow;"
        "print(pyarrow.default_memory_pool().backend_name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["system"], done.stderr


def test_the_image_tells_arrow_before_anything_is_imported():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (line,) = [line for line in lines if "ARROW_DEFAULT_MEMORY_POOL=system" in line]
    assert line.startswith("ENV ")
