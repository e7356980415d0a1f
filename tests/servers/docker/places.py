"""Keys of a service that name places on this machine: mounts and published ports."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from tests.servers.docker import values
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.roots import FLAGS

OPTIONS = ("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks")
PORT = re.compile(r"(?:(\d+\.\d+\.\d+\.\d+):)?(\d+):(\d+)(?:/(tcp))?")


def volumes(value: Any, where: str, base: Path) -> list[dict[str, Any]]:
    """Return mounts, each in its long form with absolute paths."""
    if not isinstance(value, list):
        raise ComposeError(f"{where} must be a list")
    return [_volume(each, where, base) for each in value]


def _volume(value: Any, where: str, base: Path) -> dict[str, Any]:
    if isinstance(value, str):
        parts = value.split(":")
        if len(parts) > 3:
            raise ComposeError(f"{where}: too many colons in {value!r}")
        source, target, modes = [*([""] if len(parts) == 1 else []), *parts, ""][:3]
        known: dict[str, Any] = {"source": source, "target": target}
        for mode in filter(None, modes.split(",")):
            if mode not in ("ro", "rw", "z", "Z"):
                raise NotPlayed(f"{where}: mode {mode!r} of {value!r} is not played")
            known["read_only"] = known.get("read_only", False) or mode == "ro"
        known["type"] = "bind" if source[:1] in (".", "/", "~") else "volume"
        known["create_host_path"] = True
    else:
        known = values.only(
            value,
            where,
            *("type", "source", "target", "read_only", "bind"),
            *("volume", "tmpfs"),
        )
        known = dict(known)
        bind = values.only(known.pop("bind", {}), f"{where}.bind", "create_host_path")
        if "create_host_path" in bind:
            known["create_host_path"] = values.boolean(bind["create_host_path"], where)
        volume = values.only(known.pop("volume", {}), f"{where}.volume", "nocopy")
        known["nocopy"] = values.boolean(volume.get("nocopy", False), where)
        memory = values.only(known.pop("tmpfs", {}), f"{where}.tmpfs", "size", "mode")
        known["options"] = _tmpfs_options(memory, where)
    if known.get("type") not in ("bind", "volume", "tmpfs"):
        raise NotPlayed(f"{where}: type {known.get('type')!r} is not played")
    if not str(known.get("target", "")).startswith("/"):
        raise ComposeError(
            f"{where}: invalid mount path in {value!r}: must be absolute"
        )
    if known["type"] == "bind":
        path = os.path.expanduser(known["source"])
        known["source"] = os.path.normpath(base / path)
    known["target"] = os.path.normpath(known["target"])
    return known


def _tmpfs_options(tmpfs: dict[str, Any], where: str) -> str:
    options = []
    if "size" in tmpfs:
        options.append(f"size={values.size(tmpfs['size'], where)}")
    if "mode" in tmpfs:
        options.append(f"mode={values.integer(tmpfs['mode'], where):o}")
    return ",".join(options)


def tmpfs(value: Any, where: str) -> list[str]:
    """Return folders in memory, with options after a colon."""
    for each in values.texts(value, where):
        for option in filter(None, each.partition(":")[2].split(",")):
            if option not in FLAGS and option.partition("=")[0] not in OPTIONS:
                raise ComposeError(f"{where}: unknown option {option!r}")
    return values.texts(value, where)


def ports(value: Any, where: str) -> list[dict[str, Any]]:
    """Return published ports, each with address, port and the container's port."""
    if not isinstance(value, list):
        raise ComposeError(f"{where} must be a list")
    done = []
    for each in value:
        if isinstance(each, dict):
            known = values.only(
                each,
                where,
                *("target", "published", "host_ip", "protocol", "mode"),
                *("name", "app_protocol"),
            )
        elif found := PORT.fullmatch(str(each)):
            names = ("host_ip", "published", "target", "protocol")
            known = {k: v for k, v in zip(names, found.groups()) if v}
        else:
            raise NotPlayed(
                f"{where}: {each!r} is not played: [IPv4:]HOST:CONTAINER is"
            )
        if known.get("protocol", "tcp") != "tcp" or "published" not in known:
            raise NotPlayed(f"{where}: {each!r} is not played: a published TCP port is")
        done.append(
            {
                "host_ip": known.get("host_ip", "0.0.0.0"),
                "published": values.integer(known["published"], where),
                "target": values.integer(known["target"], where),
            }
        )
    return done
