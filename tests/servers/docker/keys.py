"""Keys of a service, each in one form, so that files can be merged.

A key that is not here is refused, because it would change what runs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Callable

from tests.servers.docker import places, values
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.kernel import CAPABILITIES

CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
POLICY = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")


def service(settings: Any, where: str, base: Path) -> dict[str, Any]:
    """Return a service's settings, each in its one form.

    Args:
        settings: What the file says.
        where: The service's place in the file, for errors.
        base: Folder of relative paths.
    """
    if not isinstance(settings, dict):
        raise ComposeError(f"{where} must be a mapping")
    done = {}
    for key, value in settings.items():
        if str(key).startswith("x-"):
            continue
        if key not in KEYS:
            raise NotPlayed(f"{where}.{key}: this key of a service is not played")
        if hasattr(value, "mapped"):  # !reset or !override
            done[key] = value.mapped(lambda v, k=key: _one(k, v, where, base))
        elif value is None and key not in ("command", "entrypoint"):
            continue
        else:
            done[key] = _one(key, value, where, base)
    return done


def _one(key: str, value: Any, where: str, base: Path) -> Any:
    convert = KEYS[key]
    if convert in (_build, _env_files, places.volumes):
        return convert(value, f"{where}.{key}", base)
    return convert(value, f"{where}.{key}")


def _build(value: Any, where: str, base: Path) -> dict[str, Any]:
    known = {"context": value} if isinstance(value, str) else value
    known = values.only(known, where, "context", "dockerfile", "args")
    context = base / known.get("context", ".")
    if "args" in known:
        known["args"] = values.pairs(known["args"], f"{where}.args")
    return known | {"context": os.path.normpath(context)}


def _env_files(value: Any, where: str, base: Path) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    done = []
    for each in listed:
        known = {"path": each} if isinstance(each, str) else each
        known = values.only(known, where, "path", "required", "format")
        if known.get("format") not in (None, "raw"):
            raise ComposeError(f"{where}: unknown format {known['format']!r}")
        known["required"] = values.boolean(known.get("required", True), where)
        done.append(known | {"path": str(base / known["path"])})
    return done


def _depends_on(value: Any, where: str) -> dict[str, dict[str, Any]]:
    if isinstance(value, list):
        value = {name: {} for name in value}
    done = {}
    for name, each in values.only(value, where, *value).items():
        known = values.only(each, f"{where}.{name}", "condition", "required", "restart")
        condition = known.get("condition", "service_started")
        if condition not in CONDITIONS:
            raise ComposeError(f"{where}.{name}: unknown condition {condition!r}")
        if values.boolean(known.get("restart", False), where):
            raise NotPlayed(f"{where}.{name}: restart is not played")
        required = values.boolean(known.get("required", True), where)
        done[name] = {"condition": condition, "required": required}
    return done


def _healthcheck(value: Any, where: str) -> dict[str, Any]:
    times = ("interval", "timeout", "start_period", "start_interval")
    known = values.only(value, where, "test", "retries", "disable", *times)
    done: dict[str, Any] = {
        name: values.duration(known[name], f"{where}.{name}")
        for name in times
        if name in known
    }
    if "test" in known:
        test = known["test"]
        done["test"] = ["CMD-SHELL", test] if isinstance(test, str) else test
        if not done["test"] or done["test"][0] not in ("NONE", "CMD", "CMD-SHELL"):
            raise ComposeError(f"{where}.test must begin with NONE, CMD or CMD-SHELL")
        done["test"] = values.texts(done["test"], f"{where}.test")
    if "retries" in known:
        done["retries"] = values.integer(known["retries"], f"{where}.retries")
    if "disable" in known:
        done["disable"] = values.boolean(known["disable"], f"{where}.disable")
    return done


def _capabilities(value: Any, where: str) -> list[str]:
    names = [each.upper().removeprefix("CAP_") for each in values.texts(value, where)]
    for name in names:
        if name not in (*CAPABILITIES, "ALL"):
            raise ComposeError(f"{where}: unknown capability {name!r}")
    return names


def _security(value: Any, where: str) -> list[str]:
    # there is no SELinux here
    wanted = [each for each in values.texts(value, where) if each != "label=disable"]
    for each in wanted:
        if not re.fullmatch(r"no-new-privileges([:=](true|false))?", each):
            raise NotPlayed(f"{where}: {each!r} is not played")
    return wanted


def _ulimits(value: Any, where: str) -> dict[str, list[int]]:
    done = {}
    for name, each in values.only(value, where, *value).items():
        if isinstance(each, dict):
            known = values.only(each, f"{where}.{name}", "soft", "hard")
            limits = [known["soft"], known["hard"]]
        else:
            limits = [each, each]
        done[name] = [values.integer(limit, f"{where}.{name}") for limit in limits]
    return done


def _restart(value: Any, where: str) -> str:
    if not POLICY.fullmatch(values.text(value, where)):
        raise ComposeError(f"{where}: invalid restart policy {value!r}")
    return str(value)


def _network_mode(value: Any, where: str) -> str:
    if value not in ("host", "bridge"):
        raise NotPlayed(f"{where}: {value!r} is not played")
    return str(value)


def _hosts(value: Any, where: str) -> dict[str, str]:
    if isinstance(value, list):
        value = {n: a for n, _, a in (re.split("([=:])", e, 1) for e in value)}
    return {name: values.text(each, where) for name, each in value.items()}


def _logging(value: Any, where: str) -> dict[str, Any]:
    known = values.only(value, where, "driver", "options")
    # Docker also keeps on the machine what it sends to CloudWatch.
    drivers = ("json-file", "local", "journald", "awslogs")
    if known.get("driver", "json-file") not in drivers:
        raise NotPlayed(f"{where}: driver {known['driver']!r} is not played")
    return known


def _platform(value: Any, where: str) -> str:
    if value != "linux/amd64":
        raise NotPlayed(f"{where}: {value!r} is not played")
    return str(value)


def _pull_policy(value: Any, where: str) -> str:
    if value not in ("always", "never", "missing", "if_not_present", "build"):
        raise NotPlayed(f"{where}: {value!r} is not played")
    return str(value)


def _secrets(value: Any, where: str) -> list[dict[str, Any]]:
    done = []
    for each in value:
        known = {"source": each} if isinstance(each, str) else each
        known = values.only(known, where, "source", "target")
        done.append({"target": known["source"], **known})
    return done


def volume(value: Any, where: str) -> dict[str, Any]:
    """Return a volume of the file's top level: Docker's own, or a folder's."""
    names = ("name", "external", "labels", "driver", "driver_opts")
    known = values.only(value, where, *names)
    options = known.get("driver_opts", {})
    bound = (options.get("type"), options.get("o")) == ("none", "bind")
    if known.get("driver", "local") != "local" or options and not bound:
        raise NotPlayed(f"{where}: {known} is not played")
    return known


def secret(value: Any, where: str, base: Path) -> dict[str, Any]:
    """Return a secret of the file's top level: a file that is mounted."""
    known = values.only(value, where, "file")
    return {"file": str(base / known["file"])}


KEYS: dict[str, Callable[..., Any]] = {
    "attach": values.boolean,
    "build": _build,
    "cap_add": _capabilities,
    "cap_drop": _capabilities,
    "command": values.command,
    "container_name": values.text,
    "cpus": values.text,
    "depends_on": _depends_on,
    "entrypoint": values.command,
    "env_file": _env_files,
    "environment": values.pairs,
    "expose": values.texts,
    "extra_hosts": _hosts,
    "group_add": values.texts,
    "healthcheck": _healthcheck,
    "hostname": values.text,
    "image": values.text,
    "init": values.boolean,
    "labels": values.pairs,
    "logging": _logging,
    "mem_limit": values.size,
    "mem_reservation": values.size,
    "memswap_limit": values.size,
    "network_mode": _network_mode,
    "pids_limit": values.integer,
    "platform": _platform,
    "ports": places.ports,
    "profiles": values.texts,
    "pull_policy": _pull_policy,
    "read_only": values.boolean,
    "restart": _restart,
    "secrets": _secrets,
    "security_opt": _security,
    "shm_size": values.size,
    "stop_grace_period": values.duration,
    "stop_signal": values.text,
    "tmpfs": places.tmpfs,
    "ulimits": _ulimits,
    "user": values.text,
    "volumes": places.volumes,
    "working_dir": values.text,
}
