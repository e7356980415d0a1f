"""The table of images: ids in the tests' store, by the names in Compose files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.servers.docker.errors import NotPlayed
from tests.servers.images import build


def image_of(settings: dict[str, Any]) -> str:
    """Return the id of a service's image.

    Raises:
        NotPlayed: It is not in the table.
    """
    names = [settings["image"]] if "image" in settings else []
    if "build" in settings:
        names = [_built(settings), *names, "build"]
    table = json.loads(_file().read_text())
    for name in names:
        if name in table:
            return table[name]
    raise NotPlayed(f"image {names[0]!r} is not in the table FAKE_DOCKER_IMAGES")


def build_image(settings: dict[str, Any]) -> None:
    """Build a service's image, which its later containers have."""
    told = settings["build"]
    arguments = dict(told.get("args", {}))
    version = arguments.pop("IMAGE_VERSION", None) or "unknown"
    if arguments or told.get("dockerfile", "Dockerfile") != "Dockerfile":
        raise NotPlayed(f"build with {told}")
    image = build(Path(told["context"]), version).name
    table = json.loads(_file().read_text()) | {_built(settings): image}
    _file().write_text(json.dumps(table))


def _built(settings: dict[str, Any]) -> str:
    return f"build {settings['build']['context']}"


def _file() -> Path:
    return Path(os.environ["FAKE_DOCKER_IMAGES"])
