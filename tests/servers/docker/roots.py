"""A container's root: its image's files, mounts, devices and /proc."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tests.servers.docker import kernel

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# Not writable in a container: they would change this machine.
READ_ONLY = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
SAFE = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC


# Options of a mount that are no options of tmpfs.
FLAGS = {
    **{"ro": (kernel.MS_RDONLY, True), "rw": (kernel.MS_RDONLY, False)},
    **{"noexec": (kernel.MS_NOEXEC, True), "exec": (kernel.MS_NOEXEC, False)},
    **{"nosuid": (kernel.MS_NOSUID, True), "suid": (kernel.MS_NOSUID, False)},
    **{"nodev": (kernel.MS_NODEV, True), "dev": (kernel.MS_NODEV, False)},
}


def build_root(container: dict[str, Any]) -> None:
    """Mount all that the container sees, while this machine's files can be named."""
    root = container["root"]
    kernel.bind(root, root)
    kernel.mount("proc", _folder(root, "/proc"), "proc", SAFE)
    if container["own_network"]:
        # Docker lets any user of a container listen on any port.
        ports = "proc/sys/net/ipv4/ip_unprivileged_port_start"
        Path(root, ports).write_text("0")
    kernel.mount("sysfs", _folder(root, "/sys"), "sysfs", SAFE | kernel.MS_RDONLY)
    _devices(root, container["shm_size"])
    for each in sorted(container["mounts"], key=lambda each: each["target"].count("/")):
        _mount(root, each)


def close_root(container: dict[str, Any]) -> None:
    """Take away, within the new root, what the container may not write."""
    for path in READ_ONLY:
        if os.path.exists(path):
            kernel.bind(path, path, read_only=True)
    if container["read_only"]:
        kernel.mount(
            "", "/", flags=kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY
        )


def resolved(root: str, path: str) -> str:
    """Return where a path of the container is on this machine, through its links."""
    place = root
    parts = [part for part in path.split("/") if part not in ("", ".")]
    followed = 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            place = os.path.dirname(place) if place != root else root
        elif os.path.islink(os.path.join(place, part)):
            followed += 1
            if followed > 40:
                raise OSError(f"too many links in {path}")
            target = os.readlink(os.path.join(place, part))
            parts = [p for p in target.split("/") if p not in ("", ".")] + parts
            place = root if target.startswith("/") else place
        else:
            place = os.path.join(place, part)
    return place


def fill_volume(volume: Path, image: str, target: str) -> None:
    """Copy what an image has at a volume's place into the empty volume, as Docker does."""
    there = Path(resolved(image, target))
    if any(volume.iterdir()) or not there.is_dir():
        return
    for each in there.iterdir():
        copy = volume / each.name
        if each.is_dir() and not each.is_symlink():
            shutil.copytree(each, copy, symlinks=True, copy_function=_copy)
            for path, _, _ in os.walk(copy):
                _own(there / Path(path).relative_to(volume), path)
        else:
            _copy(str(each), str(copy))
    _own(there, str(volume))


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target, follow_symlinks=False)
    _own(Path(source), target)


def _own(like: Path, target: str) -> None:
    """Give a file the owner and the mode of another."""
    described = like.lstat()
    os.lchown(target, described.st_uid, described.st_gid)
    if not os.path.islink(target):
        os.chmod(target, described.st_mode & 0o7777)


def _mount(root: str, wanted: dict[str, Any]) -> None:
    if wanted["type"] == "tmpfs":
        target = _folder(root, wanted["target"])
        flags, options = SAFE, ["mode=1777"]
        for option in filter(None, wanted["options"].split(",")):
            if option in FLAGS:
                flag, is_on = FLAGS[option]
                flags = flags | flag if is_on else flags & ~flag
            else:
                options.append(option)
        kernel.mount("tmpfs", target, "tmpfs", flags, ",".join(options))
        return
    source = wanted["source"]
    if os.path.isdir(source):
        target = _folder(root, wanted["target"])
    else:
        target = resolved(root, wanted["target"])
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            Path(target).touch()
    kernel.bind(source, target, wanted["read_only"])


def _devices(root: str, shm_size: int) -> None:
    folder = _folder(root, "/dev")
    kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NOSUID, "mode=755,size=65536k")
    for name in DEVICES:
        Path(folder, name).touch()
        kernel.bind(f"/dev/{name}", f"{folder}/{name}")
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ):
        os.symlink(target, f"{folder}/{name}")
    pts = "newinstance,ptmxmode=0666,mode=0620,gid=5"
    flags = kernel.MS_NOSUID | kernel.MS_NOEXEC
    kernel.mount("devpts", _folder(root, "/dev/pts"), "devpts", flags, pts)
    shm = f"mode=1777,size={shm_size}"
    kernel.mount("shm", _folder(root, "/dev/shm"), "tmpfs", SAFE, shm)
    kernel.mount("mqueue", _folder(root, "/dev/mqueue"), "mqueue", SAFE)


def _folder(root: str, path: str) -> str:
    place = resolved(root, path)
    os.makedirs(place, exist_ok=True)
    return place
