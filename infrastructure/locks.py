"""Files that pin what is installed, with a hash for each file of a package."""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).parent.parent
LOCK = "uv.lock"
UV = ".ci/requirements.txt"
TOOLS_OF_CI = ".ci/tools"
ACTIONS = ".github/workflows"
# What is pinned is used in:
IMAGE, DEVELOPMENT, TOOLS, WORKFLOWS = "image", "development", "CI", "workflows"


@dataclass(frozen=True)
class Pinned:
    """A package or an action, and where its hash is checked."""

    name: str
    version: str
    used_in: str
    checked: str
    """Who checks which file's hash; empty if nobody does."""


def pinned(root: Path = ROOT) -> Iterator[Pinned]:
    """Yield all that is pinned by a file of this repository."""
    image = image_packages(root)
    for package in _packages(root / LOCK):
        used_in = IMAGE if package["name"] in image else DEVELOPMENT
        yield _locked(package, used_in)
    yield from _required(root, UV, "pip")
    for file in sorted((root / TOOLS_OF_CI).glob("*.txt")):
        yield from _required(root, f"{TOOLS_OF_CI}/{file.name}", "uv")
    for name, commit, version in sorted(_actions(root / ACTIONS)):
        checked = "GitHub, the commit in the workflow" if commit else ""
        yield Pinned(name, version, WORKFLOWS, checked)


def image_packages(root: Path = ROOT) -> frozenset[str]:
    """Return the names of the packages that the image needs, on any platform."""
    options = "--frozen --offline --no-dev --no-emit-project --no-hashes --no-annotate"
    exported = subprocess.run(
        ["uv", "export", *options.split(), "--no-header", "--quiet"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return frozenset(re.findall(r"^([\w.-]+)==", exported.stdout, re.MULTILINE))


def normalized(name: str) -> str:
    """Return a package's name as in a lock."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _packages(lock: Path) -> list[dict[str, Any]]:
    """Return a lock's packages without the project itself."""
    packages = tomllib.loads(lock.read_text())["package"]
    return [each for each in packages if "virtual" not in each["source"]]


def _required(root: Path, file: str, installer: str) -> Iterator[Pinned]:
    """Yield what a file of requirements pins."""
    for name, version, hashes in re.findall(
        r"^([\w.-]+)(?:\[.*?\])?==(\S+)(?: ; [^\\\n]*[^\\\s])?"
        r"((?: \\\n +--hash=sha256:[0-9a-f]{64})*)",
        (root / file).read_text(),
        re.MULTILINE,
    ):
        yield Pinned(name, version, TOOLS, f"{installer}, {file}" if hashes else "")


def _locked(package: dict[str, Any], used_in: str) -> Pinned:
    files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    hashed = all(each.get("hash", "").startswith("sha256:") for each in files)
    checked = f"uv, {LOCK}" if files and hashed else ""
    if checked and not package.get("wheels"):
        checked += "; built by the locked setuptools"
    return Pinned(package["name"], package["version"], used_in, checked)


def _actions(workflows: Path) -> set[tuple[str, str, str]]:
    """Return name, commit and version of each action that the workflows use."""
    return {
        found
        for workflow in workflows.iterdir()
        for found in re.findall(
            r"uses: ([\w/-]+)@([0-9a-f]{40})?(?: # )?(\S*)", workflow.read_text()
        )
    }
