"""Comparison of alternatives by medians of interleaved whole processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Callable

from tests.repository.tree import ROOT


@dataclass
class Alternative:
    """Measured command, with its time and memory in each round."""

    name: str
    command: list[str]
    prepare: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    """Seconds that the command prints itself, as "inside 1.23"."""

    @property
    def median_seconds(self) -> float:
        return median(self.seconds)

    @property
    def median_inside(self) -> float:
        return median(self.inside)


def interleaved(
    alternatives: list[Alternative], rounds: int, environment: dict[str, str]
) -> None:
    """Measure every alternative in each round, so that slow moments hit all alike.

    The first round is not counted: it fills the disk's cache. Python's bytecode is
    compiled beforehand, whatever PYTHONDONTWRITEBYTECODE says.
    """
    compiled = [str(ROOT / name) for name in ("flows", "pipelines", "sources", "utils")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *compiled], check=True)
    for round_ in range(rounds + 1):
        for alternative in alternatives:
            alternative.prepare()
            started = time.monotonic()
            peak, output = _run(alternative.command, environment)
            if round_:
                alternative.seconds.append(time.monotonic() - started)
                alternative.peak_mib.append(peak)
                for seconds in re.findall(r"^inside (.+)", output, re.MULTILINE):
                    alternative.inside.append(float(seconds))


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run a command; return its peak of resident memory in MiB, and its output."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process.stdout:
        output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} failed:\n{output}")
    return usage.ru_maxrss / 1024, output


def python(code: str) -> list[str]:
    """Return the command that runs Python code."""
    return [sys.executable, "-c", code]


def report(alternatives: list[Alternative]) -> None:
    """Print medians and ranges of whole processes."""
    for each in alternatives:
        inside = f", {each.median_inside:.2f} s inside" if each.inside else ""
        print(
            f"{each.median_seconds:7.2f} s ({min(each.seconds):.2f} to"
            f" {max(each.seconds):.2f})  {median(each.peak_mib):6.0f} MiB  {each.name}"
            f"{inside}",
            flush=True,
        )


def empty(folder: Path) -> None:
    """Remove the folder's content."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
