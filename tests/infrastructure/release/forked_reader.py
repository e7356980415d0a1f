"""Reads the flows of many trees without starting Python and Prefect for each of them.

The script is the one for a single tree. Each tree is read in a process that is forked from
one with all other imports.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

from infrastructure.release.code import PACKAGES
from infrastructure.release.code.read_tree import read
from tests.repository.tree import ROOT


@contextmanager
def forked_reader(folder: Path) -> Iterator[Callable[[Path, list[str]], Any]]:
    """Yield a replacement of infrastructure.release.code._run_script for valid trees."""
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.infrastructure.release.forked_reader"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    result = folder / "code.json"

    def ask(tree: Path, entrypoints: list[str]) -> Any:
        print(json.dumps([str(tree), entrypoints, str(result)]), file=server.stdin)
        server.stdin.flush()
        assert server.stdout.readline() == "0\n"
        return json.loads(result.read_text())

    with server:
        yield ask


def main() -> None:
    for line in sys.stdin:
        tree, entrypoints, result = json.loads(line)
        if (pid := os.fork()) == 0:
            os.chdir(tree)
            sys.path[sys.path.index(str(ROOT))] = tree
            for name in [*sys.modules]:
                if name.partition(".")[0] in PACKAGES:
                    del sys.modules[name]
            Path(result).write_text(json.dumps(read([*PACKAGES], entrypoints)))
            os._exit(0)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
