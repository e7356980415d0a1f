"""Creation and removal of containers: an image's files, volumes, all settings."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.servers.docker.containers import Container
from tests.servers.docker.errors import ComposeError
from tests.servers.docker.health import INTERVAL, RETRIES, START_INTERVAL, TIMEOUT
from tests.servers.docker.kernel import CAPABILITIES
from tests.servers.docker.mounts import mounts_of, nameless_volumes
from tests.servers.docker.names import write_hosts
from tests.servers.docker.network import GATEWAY, give_address_back, take_address
from tests.servers.images import PATH, buildah, store

# What Docker leaves to a container.
DEFAULT_CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID"),
    *("SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL"),
    "AUDIT_WRITE",
)
SHM_SIZE = 64 << 20
GRACE = 10.0


def create(
    folder: Path,
    project: str,
    service: str,
    settings: dict[str, Any],
    image: str,
    application: dict[str, Any],
) -> Container:
    """Create a service's container, which is not started.

    Args:
        folder: Its folder, within the state's folder.
        project: The project's name.
        service: The service's name; empty for a container of `run`, which has no name.
        settings: The service's settings.
        image: The image's id.
        application: Volumes and secrets of the Compose files.
    """
    folder.mkdir(parents=True)
    name, root = _new_root(image, folder)
    try:
        done = _settings(folder, project, service, settings, image, application, root)
    except ComposeError:
        _remove_root(name)
        shutil.rmtree(folder)
        raise
    done |= {"root": root, "buildah": name, "hash": settings_hash(settings, image)}
    (folder / "container.json").write_text(json.dumps(done, indent=1))
    write_hosts(folder.parents[2], project)
    return Container(folder)


def _settings(
    folder: Path,
    project: str,
    service: str,
    settings: dict[str, Any],
    image: str,
    application: dict[str, Any],
    root: str,
) -> dict[str, Any]:
    described = json.loads(buildah("inspect", "--type=image", image))["OCIv1"]
    config = described.get("config", {})
    identifier = secrets.token_hex(32)
    name = settings.get("container_name") or folder.name
    own_network = settings.get("network_mode") != "host"
    address = "127.0.0.1"
    if own_network:
        address = take_address(folder.parents[2], str(folder))
    hostname = settings.get("hostname") or identifier[:12]
    _network_files(folder, hostname, address, settings, own_network)
    return {
        "id": identifier,
        "name": name,
        "project": project,
        "service": service,
        "aliases": [service, name, identifier[:12]] if service and own_network else [],
        "hostname": hostname,
        "own_network": own_network,
        "address": address,
        "ports": settings.get("ports", []) if service else [],
        "restart": settings.get("restart", "no") if service else "no",
        "health": _health(settings),
        "read_only": settings.get("read_only", False),
        "memory": settings.get("mem_limit"),
        "shm_size": settings.get("shm_size", SHM_SIZE),
        "mounts": mounts_of(folder, project, settings, config, application, root),
        "stop_signal": _signal(settings.get("stop_signal") or config.get("StopSignal")),
        "stop_grace_period": settings.get("stop_grace_period", GRACE),
        "process": _process(settings, config, hostname),
    }


def remove(container: Container, volumes: bool = True) -> None:
    """Remove a stopped container and, unless another follows, its nameless volumes."""
    if volumes:
        shutil.rmtree(nameless_volumes(container.folder), ignore_errors=True)
    _remove_root(container.settings["buildah"])
    give_address_back(container.folder.parents[2], str(container.folder))
    shutil.rmtree(container.folder)


def remove_lost_roots() -> None:
    """Remove the files of containers whose test was killed."""
    for owner in _owners().iterdir():
        folder, *holder = owner.read_text().splitlines()
        if not Path(folder).exists() or holder and not _lives(*holder[0].split()):
            _remove_root(owner.name)


def _new_root(image: str, folder: Path) -> tuple[str, str]:
    """Return the name and the mounted folder of a new copy of an image's files."""
    name = f"fake-docker-{secrets.token_hex(8)}"
    holder = os.environ.get("FAKE_DOCKER_NETWORK")
    held = f"{holder} {_start_of(holder)}\n" if holder else ""
    (_owners() / name).write_text(f"{folder}\n{held}")
    buildah("from", "--pull-never", "--name", name, image)
    root = buildah("mount", name)
    Path(root, ".dockerenv").touch()
    return name, root


def _remove_root(name: str) -> None:
    with suppress(RuntimeError):  # killed before it was made
        buildah("rm", name)
    (_owners() / name).unlink()


def _owners() -> Path:
    """Return the folder that tells of each copy which container it belongs to."""
    owners = store() / "roots"
    owners.mkdir(exist_ok=True)
    return owners


def _lives(process: str, start: str) -> bool:
    try:
        return _start_of(process) == start
    except FileNotFoundError:
        return False


def _start_of(process: str) -> str:
    """Return when a process began, by which a later one with its id can be told."""
    described = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return "never" if described[0] == "Z" else described[19]


def settings_hash(settings: dict[str, Any], image: str) -> str:
    """Return what differs if a container has to be made anew."""
    known = {k: v for k, v in settings.items() if k not in ("depends_on", "profiles")}
    return hashlib.sha256(
        json.dumps([known, image], sort_keys=True).encode()
    ).hexdigest()


def _process(
    settings: dict[str, Any], config: dict[str, Any], hostname: str
) -> dict[str, Any]:
    """Return what is the same for the first process and those that join it."""
    environment = {"PATH": PATH, "HOSTNAME": hostname}
    environment |= dict(each.split("=", 1) for each in config.get("Env") or [])
    entrypoint, command = settings.get("entrypoint"), settings.get("command")
    if entrypoint is None:
        entrypoint = config.get("Entrypoint") or []
        command = config.get("Cmd") or [] if command is None else command
    if not [*entrypoint, *(command or [])]:
        raise ComposeError("no command specified")
    kept = set(DEFAULT_CAPABILITIES)
    if "ALL" in settings.get("cap_drop", []):
        kept = set()
    if "ALL" in settings.get("cap_add", []):
        kept = set(CAPABILITIES)
    kept = (kept | set(settings.get("cap_add", []))) - set(settings.get("cap_drop", []))
    security = settings.get("security_opt", [])
    return {
        "command": [*entrypoint, *(command or [])],
        "init": settings.get("init", False),
        "environment": environment | settings["environment"],
        "folder": settings.get("working_dir") or config.get("WorkingDir") or "/",
        "user": settings.get("user") or config.get("User") or "",
        "groups": settings.get("group_add", []),
        "limits": settings.get("ulimits", {}),
        "capabilities": sorted(kept),
        "no_new_privileges": any(not each.endswith("false") for each in security),
        "dies_with_caller": False,
    }


def _network_files(
    folder: Path,
    hostname: str,
    address: str,
    settings: dict[str, Any],
    own_network: bool,
) -> None:
    hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    if not own_network:
        hosts = Path("/etc/hosts").read_text()
    for name, target in settings.get("extra_hosts", {}).items():
        hosts += f"{GATEWAY if target == 'host-gateway' else target}\t{name}\n"
    if own_network:
        hosts += f"{address}\t{hostname}\n"
    (folder / "own_hosts").write_text(hosts)
    (folder / "hosts").write_text(hosts)
    (folder / "hostname").write_text(f"{hostname}\n")
    # Docker's name server knows other hosts, which no test reaches.
    (folder / "resolv.conf").write_text("# names are in /etc/hosts\n")


def _health(settings: dict[str, Any]) -> dict[str, Any] | None:
    known = settings.get("healthcheck", {})
    test = known.get("test", ["NONE"])
    if known.get("disable") or test[0] == "NONE":
        return None
    command = ["/bin/sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]
    return {
        "test": command,
        "interval": known.get("interval") or INTERVAL,
        "timeout": known.get("timeout") or TIMEOUT,
        "retries": known.get("retries") or RETRIES,
        "start_period": known.get("start_period", 0.0),
        "start_interval": known.get("start_interval") or START_INTERVAL,
    }


def _signal(name: str | None) -> int:
    if not name:
        return signal.SIGTERM
    if name.isdigit():
        return int(name)
    return int(signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"])
