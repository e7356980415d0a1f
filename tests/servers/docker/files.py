"""Compose files: read, interpolated, merged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

import yaml

from tests.servers.docker import keys, values
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.interpolation import interpolate_all, read_env_file

# Lists whose entries are merged by what they name.
UNIQUE: dict[str, Callable[[Any], Any]] = {
    "volumes": lambda each: each["target"],
    "ports": lambda each: (each["host_ip"], each["target"], each["published"]),
}
REPLACED = ("command", "entrypoint", "test")


@dataclass(frozen=True)
class Tagged:
    """A value that replaces what is merged with it, or removes it."""

    removes: bool
    value: Any

    def interpolated(self, interpolate: Callable[[Any], Any]) -> Tagged:
        return Tagged(self.removes, interpolate(self.value))

    def mapped(self, convert: Callable[[Any], Any]) -> Tagged:
        return self if self.removes else Tagged(False, convert(self.value))


class Loader(yaml.SafeLoader):
    """YAML as Compose reads it: version 1.2's plain values, no key twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and key.value in seen:
                line = key.start_mark.line + 1
                raise ComposeError(
                    f'line {line}: mapping key "{key.value}" already defined'
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(0|[1-9][0-9]*|0[0-7]+|0x[0-9a-fA-F]+)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+)",
        "-+.0123456789",
    ),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first)
    )


def _tagged(loader: Loader, node: Any) -> Tagged:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_object(
            yaml.ScalarNode(
                loader.resolve(yaml.ScalarNode, node.value, (True, False)), node.value
            )
        )
    return Tagged(node.tag == "!reset", value)


Loader.add_constructor("!reset", _tagged)
Loader.add_constructor("!override", _tagged)


def load(files: list[Path], base: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the application of Compose files: services, volumes, name.

    Args:
        files: Their paths. Later ones are merged over earlier ones.
        base: Folder of relative paths.
        variables: Values for interpolation.

    Raises:
        ComposeError: Compose would refuse them.
        NotPlayed: They need something that is not played.
    """
    merged: dict[str, Any] = {"services": {}, "volumes": {}, "secrets": {}}
    for file in files:
        merged = merge(merged, _read(file, base, variables))
    merged = _without_tags(merged)
    for name, service in merged["services"].items():
        _check_service(name, service, merged)
        service["environment"] = _environment(service, variables)
    return merged


def _read(file: Path, base: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(), Loader)  # noqa: S506  a safe one
    except FileNotFoundError:
        raise ComposeError(f"open {file}: no such file or directory") from None
    except yaml.YAMLError as error:
        raise ComposeError(f"{file}: {error}") from None
    if not isinstance(content, dict):
        raise ComposeError(f"{file}: top-level object must be a mapping")
    content = interpolate_all(content, variables, str(file.name))
    for key in content:
        if key not in ("services", "volumes", "name", "secrets") and key[:2] != "x-":
            raise NotPlayed(f"{file}: the top-level key {key!r} is not played")
    done: dict[str, Any] = {
        "services": {
            name: keys.service(each, f"services.{name}", base)
            for name, each in (content.get("services") or {}).items()
        },
        "volumes": {
            name: keys.volume(each or {}, f"volumes.{name}")
            for name, each in (content.get("volumes") or {}).items()
        },
        "secrets": {
            name: keys.secret(each, f"secrets.{name}", base)
            for name, each in (content.get("secrets") or {}).items()
        },
    }
    return done | ({"name": content["name"]} if "name" in content else {})


def merge(old: Any, new: Any, key: str = "") -> Any:
    """Merge a value of a later file over an earlier one's."""
    if isinstance(new, Tagged):
        return new
    if isinstance(old, Tagged) or old is None or key in REPLACED:
        return new
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{k: merge(old.get(k), new[k], k) for k in new}}
    if isinstance(old, list) and isinstance(new, list):
        if key in UNIQUE:
            found = {UNIQUE[key](each): each for each in old}
            for each in new:
                found[UNIQUE[key](each)] = each
            return list(found.values())
        return old + [each for each in new if each not in old]
    return new


def _without_tags(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {
            k: v for k, v in value.items() if not (isinstance(v, Tagged) and v.removes)
        }
        return {k: _without_tags(v) for k, v in kept.items()}
    if isinstance(value, Tagged):
        return value.value
    if isinstance(value, list):
        return [_without_tags(each) for each in value]
    return value


def _check_service(
    name: str, service: dict[str, Any], everything: dict[str, Any]
) -> None:
    where = f"services.{name}"
    if "image" not in service and "build" not in service:
        raise ComposeError(f"service {name!r} has neither an image nor a build context")
    if build := service.get("build"):
        # only now: a later file may have removed it
        file = Path(build["context"], build.get("dockerfile", "Dockerfile"))
        if not file.is_file():
            raise ComposeError(f"{where}.build: there is no Dockerfile at {file}")
    for other, how in service.get("depends_on", {}).items():
        if other not in everything["services"] and how["required"]:
            raise ComposeError(
                f"service {name!r} depends on undefined service {other!r}"
            )
    for each in service.get("volumes", []):
        source = each.get("source")
        if each["type"] == "volume" and source and source not in everything["volumes"]:
            raise ComposeError(f"{where}: undefined volume {source}")
    for each in service.get("secrets", []):
        if each["source"] not in everything["secrets"]:
            raise ComposeError(f"{where}: undefined secret {each['source']}")
    if service.get("network_mode") == "host" and service.get("ports"):
        raise ComposeError(f"{where}: ports with network_mode: host")


def _environment(
    service: dict[str, Any], variables: Mapping[str, str]
) -> dict[str, str]:
    """Return a service's environment, with its files and what the caller's has."""
    found: dict[str, str | None] = {}
    for each in service.pop("env_file", []):
        file = Path(each["path"])
        if not file.exists() and not each["required"]:
            continue
        if each.get("format") == "raw":
            lines = [line for line in file.read_text().splitlines() if "=" in line]
            found |= {line.split("=", 1)[0]: line.split("=", 1)[1] for line in lines}
        else:
            found |= read_env_file(file, variables)
    found |= {
        name: variables.get(name) if value is None else value
        for name, value in service.get("environment", {}).items()
    }
    return {name: value for name, value in found.items() if value is not None}
