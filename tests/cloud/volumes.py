"""Volumes of tasks: folders that a task's containers share, and file systems that stay.

As on Fargate a task's own volume is empty, and belongs to root. A file system's access point
has the folder, owner and mode that it was made with.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tests.cloud.account import backend


def folders_of(definition: Any, root: Path, task_id: str) -> dict[str, Path]:
    """Return the folder of each volume of a task, by the volume's name."""
    return {
        volume["name"]: (
            _file_system(root, volume["efsVolumeConfiguration"])
            if "efsVolumeConfiguration" in volume
            else _made(_own(root, task_id) / volume["name"])
        )
        for volume in definition.volumes
    }


def remove_folders(root: Path, task_id: str) -> None:
    """Remove a task's own volumes."""
    shutil.rmtree(_own(root, task_id), ignore_errors=True)


def _own(root: Path, task_id: str) -> Path:
    return root / f"{task_id}-volumes"


def _file_system(root: Path, given: dict[str, Any]) -> Path:
    """Return the folder of a file system's access point."""
    point = backend("efs").access_points[given["authorizationConfig"]["accessPointId"]]
    assert point.file_system_id == given["fileSystemId"]
    directory = point.root_directory
    folder = root / "file-systems" / point.file_system_id
    folder /= directory["Path"].strip("/")
    if not folder.exists():
        made = directory["CreationInfo"]
        _made(folder, int(made["Permissions"], 8))
        os.chown(folder, int(made["OwnerUid"]), int(made["OwnerGid"]))
    return folder


def _made(folder: Path, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)
    return folder
