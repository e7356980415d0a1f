"""The real image, built from the Dockerfile by buildah, which needs no daemon.

The base image cannot come from a registry, which tests do not reach. It is a small
Debian with its Python, and like the official Python image without the standard
library's bytecode.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping

from tests.repository.tree import copy_repository

# Text of those files. It is the same in each session, or no step would come from the cache.
PLANTED = hashlib.sha256(b"planted in files that are not for the image").hexdigest()
# Files of a developer's clone that no image may have. .dockerignore keeps these from the build,
CLUTTER = (
    *(".git/config", ".venv/bin/python", ".dlt/secrets.toml", ".env", "flows/.env"),
    *(".dlt/pipelines/products/state.json", "lake/rates.parquet", "warehouse.duckdb"),
    *("sources/key.p8", "flows/key.pem", "flows/secrets.toml", "flows/hubspot.py~"),
    *("flows/.#van.py", "flows/.hidden/old.py", ".dlt/config.toml~", "prefect.toml"),
    *("utils/old.duckdb.wal", "flows/__pycache__/gone.cpython-311.pyc"),
    *(".ci/tools/uv.lock", "infrastructure/.env"),
)
# and the Dockerfile leaves these out.
LEFT_OUT = (
    *("flows/id_rsa", "pipelines/a/notes.md", "utils/google.json", "flows/van.sh"),
    "infrastructure/control_plane/prefect.dump",
)
DAYS_TO_LIVE = 7
BASE = "localhost/python-of-tests"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def image_settings(scratch: Path) -> dict[str, str]:
    """Return the variables by which every `buildah` uses the store."""
    settings = scratch / "storage.conf"
    settings.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{store()}/images"\n'
        f'runroot = "{store()}/state"\n'
    )
    return {"CONTAINERS_STORAGE_CONF": str(settings), "BUILDAH_ISOLATION": "chroot"}


def store() -> Path:
    """Return the store's folder, kept because the first build takes minutes."""
    # Not in ~/.cache: buildah 1.28 mounts the build's own /root/.cache over root's, and
    # hides the store there ("fork/exec /bin/sh: no such file or directory").
    return Path("/var/tmp/prefect-dlt-ecs-tests")


def what_is_missing() -> str | None:
    """Return why no image can be built here; None if one can."""
    if os.geteuid() != 0:
        return "only root can make the base image"
    for program in ("buildah", "debootstrap"):
        if not shutil.which(program):
            return f"no {program}: apt-get install {program}"
    return None


@dataclass(frozen=True)
class Image:
    """Image in the store, named by its id because other sessions build there, too."""

    name: str

    @property
    def described(self) -> dict[str, Any]:
        """Settings, layers and history, by the OCI image specification."""
        return json.loads(buildah("inspect", "--type=image", self.name))["OCIv1"]

    def write(self, folder: Path) -> None:
        """Write its layers, uncompressed, its settings and its history into a folder."""
        options = ("--quiet", "--disable-compression", "--format=oci")
        buildah("push", *options, self.name, f"dir:{folder}")

    @contextmanager
    def container(self) -> Iterator[Container]:
        """Create a container that runs the image's commands; remove it at the end."""
        container = Container(buildah("from", "--pull-never", self.name))
        try:
            yield container
        finally:
            buildah("rm", container.name)


@dataclass(frozen=True)
class Container:
    """Container of an image: commands run as its user, on the machine's network."""

    name: str

    def command(self, *command: str, environment: Mapping[str, str] = {}) -> list[str]:
        """Return the local command that runs a command in the container."""
        names = [f"--env={name}={value}" for name, value in environment.items()]
        return ["buildah", "run", *names, self.name, "--", *command]

    def run(self, *command: str, environment: Mapping[str, str] = {}) -> str:
        """Run a command, which has to succeed, and return its output."""
        return _output(self.command(*command, environment=environment))

    @property
    def files(self) -> Path:
        """Folder where this machine sees the container's files."""
        return Path(buildah("mount", self.name))


@contextmanager
def built_image(context: Path) -> Iterator[Image]:
    """Build the image of a folder's Dockerfile. It stays in the store."""
    with ready_store():
        yield build(context)


@contextmanager
def ready_store() -> Iterator[None]:
    """Prepare the store, with a base image that is not too old."""
    if _age_of_base() > DAYS_TO_LIVE:
        _empty_store()
        make_base()
    try:
        yield
    finally:
        # Otherwise the store cannot be deleted. Fails while another session uses it.
        subprocess.run(["umount", store() / "images" / "overlay"], capture_output=True)


def cluttered_copy(target: Path) -> Path:
    """Copy this repository, and add files with a secret, for which no image has a place."""
    copy_repository(target)
    for name in CLUTTER + LEFT_OUT:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(PLANTED)
    return target


def build(context: Path, version: str = "0a1b2c3") -> Image:
    """Build a folder's Dockerfile. Unchanged steps come from the cache."""
    authorities = os.environ.get("SSL_CERT_FILE")
    secret = [f"--secret=id=ca,src={authorities}"] if authorities else []
    printed = buildah(
        *("build", "--quiet", "--layers", "--force-rm", "--pull-never", *secret),
        *("--build-arg", f"PYTHON_IMAGE={BASE}"),
        *("--build-arg", f"IMAGE_VERSION={version}"),
        str(context),
        environment={"TMPDIR": str(store())},  # the cache of packages
    )
    return Image(printed.splitlines()[-1])


def make_base() -> None:
    """Make the base image: Debian with Python, from debootstrap's mirror."""
    folder = store() / "base"
    packages = "--include=python3-venv,ca-certificates"
    _output(["debootstrap", "--variant=minbase", packages, "bookworm", str(folder)])
    for left in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(folder / left)
    for bytecode in (folder / "usr" / "lib").rglob("*.pyc"):
        bytecode.unlink()
    container = buildah("from", "scratch")
    buildah("add", container, str(folder), "/")
    buildah("config", "--env", f"PATH={PATH}", container)
    buildah("commit", "--rm", container, BASE)
    shutil.rmtree(folder)
    (store() / "made").touch()


def _age_of_base() -> float:
    """Return the base image's age in days; infinite if there is none."""
    made = store() / "made"
    return (time.time() - made.stat().st_mtime) / 86400 if made.exists() else math.inf


def _empty_store() -> None:
    """Remove the store, which limits its size and lets Debian's updates in."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    for mount in reversed([line.split()[1] for line in mounts]):
        if Path(mount).is_relative_to(store()):
            subprocess.run(["umount", mount], check=True)
    shutil.rmtree(store(), ignore_errors=True)
    store().mkdir(parents=True)


def buildah(*arguments: str, environment: Mapping[str, str] = {}) -> str:
    """Run buildah, which has to succeed, and return its output."""
    return _output(["buildah", *arguments], environment).strip()


def _output(command: list[str], environment: Mapping[str, str] = {}) -> str:
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}"[-5000:])
    return done.stdout
