"""Images for the fake docker, built in the tests' store, where they stay for a week.

Nothing can be pulled, so that images of registries have stand-ins: their documented
programs, users, folders and start. The database is PostgreSQL 15, whatever the tag.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import prefect.server

from tests.repository.tree import ROOT, copy_repository
from tests.servers.images import BASE, Image, build, buildah

FILES = Path(__file__).with_name("images")


def postgres_image() -> Image:
    """Build the stand-in for `docker.io/library/postgres`."""
    return _build("postgres.Dockerfile", FILES)


def project_image() -> Image:
    """Build the image of this repository as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        return build(copy_repository(Path(folder)))


def prefect_image(project: Image) -> Image:
    """Build the stand-in for `docker.io/prefecthq/prefect`.

    Args:
        project: The project's image, which has the same Prefect.
    """
    package = Path(prefect.server.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        context = shutil.copytree(FILES, Path(folder, "context"))
        for name in ("ui", "ui-v2"):
            shutil.copytree(package / name, context / name)
        named = f"PACKAGES={_packages()}"
        return _build("prefect.Dockerfile", context, f"PROJECT={project.name}", named)


def _packages() -> str:
    """Return a digest of what decides the packages in the project's image."""
    files = [ROOT / name for name in ("uv.lock", "pyproject.toml", "Dockerfile")]
    return hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()


def _build(file: str, context: Path, *arguments: str) -> Image:
    given = [f"--build-arg={each}" for each in (f"BASE={BASE}", *arguments)]
    printed = buildah(
        *("build", "--quiet", "--layers", "--force-rm", "--pull-never"),
        *(f"--file={context / file}", *given, str(context)),
    )
    return Image(printed.splitlines()[-1])
