"""Mounts of a container: its volumes, the machine's files, secrets, tmpfs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from tests.servers.docker.errors import ComposeError
from tests.servers.docker.roots import fill_volume


def named_volume(
    state: Path, project: str, name: str, application: dict[str, Any]
) -> Path:
    """Return a named volume's folder on this machine."""
    declared = application["volumes"][name]
    if device := declared.get("driver_opts", {}).get("device"):
        if not os.path.isdir(device):
            raise ComposeError(f"failed to mount local volume: no folder {device}")
        return Path(device)
    volume = state / "volumes" / (declared.get("name") or f"{project}_{name}")
    if declared.get("external") and not volume.exists():
        raise ComposeError(f'external volume "{volume.name}" not found')
    return volume


def nameless_volumes(container: Path) -> Path:
    """Return the folder of a container's volumes without name.

    They outlive the container if Compose makes it anew.
    """
    return container.parents[2] / "nameless" / container.name


def mounts_of(
    folder: Path,
    project: str,
    settings: dict[str, Any],
    config: dict[str, Any],
    application: dict[str, Any],
    root: str,
) -> list[dict[str, Any]]:
    """Return a container's mounts. Volumes are made, and filled if they are empty.

    Args:
        folder: The container's folder.
        project: The project's name.
        settings: The service's settings.
        config: The image's settings.
        application: Volumes and secrets of the Compose files.
        root: The mounted files of the image.
    """
    mounts: dict[str, dict[str, Any]] = {}
    for name in ("hosts", "hostname", "resolv.conf"):
        mounts[f"/etc/{name}"] = _bind(folder / name)
    for each in settings.get("tmpfs", []):
        target, _, options = each.partition(":")
        mounts[target] = {"type": "tmpfs", "options": options}
    for each in settings.get("secrets", []):
        source = Path(application["secrets"][each["source"]]["file"])
        target = os.path.join("/run/secrets", each["target"])
        mounts[target] = _bind(_existing(source, False), read_only=True)
    for each in settings.get("volumes", []):
        target, read_only = each["target"], each.get("read_only", False)
        if each["type"] == "tmpfs":
            mounts[target] = {"type": "tmpfs", "options": each["options"]}
        elif each["type"] == "bind":
            source = _existing(
                Path(each["source"]), each.get("create_host_path", False)
            )
            mounts[target] = _bind(source, read_only)
        else:
            volume = _nameless(folder, target)
            if each.get("source"):
                state = folder.parents[2]
                volume = named_volume(state, project, each["source"], application)
            fills = not each.get("nocopy")
            mounts[target] = _bind(_made(volume, root, target, fills), read_only)
    for target in config.get("Volumes") or {}:
        if target.rstrip("/") not in mounts:
            mounts[target] = _bind(_made(_nameless(folder, target), root, target))
    return [{"target": target, **each} for target, each in mounts.items()]


def _bind(source: Path, read_only: bool = False) -> dict[str, Any]:
    return {"type": "bind", "source": str(source), "read_only": read_only}


def _nameless(folder: Path, target: str) -> Path:
    return nameless_volumes(folder) / hashlib.sha256(target.encode()).hexdigest()


def _made(volume: Path, root: str, target: str, fills: bool = True) -> Path:
    volume.mkdir(parents=True, exist_ok=True)
    if fills:
        fill_volume(volume, root, target)
    return volume


def _existing(source: Path, make: bool) -> Path:
    if not source.exists():
        if not make:
            raise ComposeError(f"bind source path does not exist: {source}")
        source.mkdir(parents=True)
    return source
