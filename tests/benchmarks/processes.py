"""Runs alternatives as whole processes, interleaved, and compares their medians."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Callable

from tests.repository import ROOT


@dataclass
class Alternative:
    """A command that is measured, and what it took each time."""

    name: str
    command: list[str]
    prepare: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)

    @property
    def median_seconds(self) -> float:
        return median(self.seconds)


def interleaved(
    alternatives: list[Alternative], rounds: int, environment: dict[str, str]
) -> None:
    """Measure all of them in each round, so that a slow moment strikes all alike.

    A first round is not counted: it fills the disk's cache. Python's bytecode is
    compiled beforehand, whatever PYTHONDONTWRITEBYTECODE says.
    """
    compiled = [str(ROOT / name) for name in ("flows", "pipelines", "sources", "utils")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *compiled], check=True)
    for round_ in range(rounds + 1):
        for alternative in alternatives:
            alternative.prepare()
            started = time.monotonic()
            peak = _run(alternative.command, environment)
            if round_:
                alternative.seconds.append(time.monotonic() - started)
                alternative.peak_mib.append(peak)


def _run(command: list[str], environment: dict[str, str]) -> float:
    """Run to the end, and return the peak of resident memory in MiB."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with process.stderr:
        errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} failed:\n{errors.decode()}")
    return usage.ru_maxrss / 1024


def python(code: str) -> list[str]:
    """The command that runs this code."""
    return [sys.executable, "-c", code]


def report(alternatives: list[Alternative]) -> None:
    """Print medians and ranges."""
    for each in alternatives:
        print(
            f"{each.median_seconds:7.2f} s ({min(each.seconds):.2f} to"
            f" {max(each.seconds):.2f})  {median(each.peak_mib):6.0f} MiB  {each.name}"
        )


def empty(folder: Path) -> None:
    """Remove what is in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
