"""Secrets that this process may use, so that they can be struck from what it publishes.

They come from the environment, from `secrets.toml`, from addresses with a password in either
of them or in `config.toml`, and from what was read in AWS or in Prefect's settings.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Collection, Iterable, Iterator
from urllib.parse import unquote

# A shorter text would be struck from the middle of ordinary words.
SHORTEST = 6
# What `.dlt/config.toml` has is public, and so are these parts of credentials.
PUBLIC = {
    *("host", "port", "database", "dbname", "username", "user", "drivername", "engine"),
    *("schema", "warehouse", "role", "account", "region", "region_name", "catalog"),
    *("bucket_url", "endpoint_url", "private_key_path", "profile_name", "query"),
    *("destination_type", "staging_iam_role", "dataset_name", "staging_dataset_name"),
    # in the secrets that RDS writes
    *("dbinstanceidentifier", "dbclusteridentifier", "masterarn"),
    # an address, a file's path, or JSON with names of its own
    "credentials",
}
NAMES_OF_SECRETS = re.compile(
    r"passw(or)?d|passphrase|secret|token|auth_string|authorization"
    r"|api_?key|private_?key$|integration_key|access_key|app_id|webhook|connection_url",
    re.IGNORECASE,
)
# Variables in which dlt looks for settings of sources and destinations.
OF_DLT = ("SOURCES__", "DESTINATION__")
# Of a query's values in an address.
NAMES_IN_A_QUERY = re.compile(
    r"key|token|secret|sig|auth|passw|credential|code|app_?id", re.I
)
# To the last @: a password may have one itself.
PASSWORD_IN_ADDRESS = re.compile(r"^\s*[\w+.-]+://[^:/@]*:(?P<password>.*)@", re.DOTALL)

# A file, the time of its last change, and its size.
Version = tuple[Path, int, int]

_remembered: set[str] = set()


def remember_secrets(content: Any) -> None:
    """Remember what was read from a vault: a text, or a table of values."""
    _remembered.update(_secrets_in(content))


def remember_address(address: str | None) -> None:
    """Remember the password and the keys in an address, which may have none."""
    _remembered.update(_secrets_in_address(address or ""))


def is_secret_name(name: str, public: Collection[str] = PUBLIC) -> bool:
    """Return whether a setting or variable of this name usually holds a secret."""
    return bool(NAMES_OF_SECRETS.search(name)) and _key_of(name) not in public


def known_secrets() -> frozenset[str]:
    """Return all secrets that this process may use, each at least six characters long."""
    folders = _folders_of_dlt()
    return _found(
        frozenset(_remembered),
        frozenset(os.environ.items()),
        tuple(_version(folder / "config.toml") for folder in folders),
        tuple(_version(folder / "secrets.toml") for folder in folders),
    )


@lru_cache(maxsize=4)  # each log record asks
def _found(
    remembered: frozenset[str],
    environment: frozenset[tuple[str, str]],
    settings: tuple[Version, ...],
    secrets: tuple[Version, ...],
) -> frozenset[str]:
    found = set(remembered)
    public = set(PUBLIC)
    for file, *_ in settings:
        for name, value in _leaves(_read(file)):
            public.add(name)
            found.update(_secrets_in_address(value))
    for file, *_ in secrets:
        found.update(_secrets_in(_read(file)))
    found.update(_secrets_in_environment(environment, public))
    return frozenset(each for each in found if len(each) >= SHORTEST)


def _folders_of_dlt() -> tuple[Path, ...]:
    if "dlt" not in sys.modules:  # half a second to import, for commands without dlt
        return (Path(".dlt"),)
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import (
        PluggableRunContext,
    )

    if PluggableRunContext not in Container():  # it would be made, and may fail
        return (Path(os.environ.get("DLT_PROJECT_DIR", "."), ".dlt"),)
    active = Container()[PluggableRunContext].context
    return Path(active.settings_dir), Path(active.global_dir)


def _secrets_in_environment(
    environment: Iterable[tuple[str, str]], public: set[str]
) -> Iterator[str]:
    for name, value in environment:
        of_dlt = name.startswith(OF_DLT) and _key_of(name) not in public
        if of_dlt or is_secret_name(name, public):
            yield from _forms(value)
        if value.startswith("{"):
            with suppress(ValueError, RecursionError):
                yield from _secrets_in(json.loads(value))
        yield from _secrets_in_address(value)


def _key_of(name: str) -> str:
    """Return a setting's key, without the sections that a variable has before it."""
    return name.lower().rpartition("__")[2]


def _secrets_in(content: Any) -> Iterator[str]:
    """Yield the texts of a secret's content, except those whose names are public."""
    for name, value in _leaves(content):
        yield from _secrets_in_address(value)
        if name not in PUBLIC:
            yield from _forms(value)


def _forms(value: str) -> Iterator[str]:
    """Yield a value as it is and as a message may have it: by lines, on one line."""
    if "://" in value and (parts := PASSWORD_IN_ADDRESS.match(value)):
        value = parts["password"]
    elif value.startswith("arn:"):  # names a secret
        return
    yield value
    yield value.strip()
    if "\n" in value.strip():
        yield " ".join(value.split())
        yield from (line.strip() for line in value.splitlines())


def _secrets_in_address(value: str) -> Iterator[str]:
    if parts := PASSWORD_IN_ADDRESS.match(value):
        yield parts["password"]
        yield unquote(parts["password"])
    if "://" in value:
        for part in value.partition("?")[2].split("&"):
            name, _, text = part.partition("=")
            if NAMES_IN_A_QUERY.search(name):
                yield text
                yield unquote(text)


def _leaves(content: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value in nested tables and lists as a text, its key in lower case."""
    waiting = [(name, content)]
    while waiting:  # not recursion, whose depth an attacker could choose
        name, value = waiting.pop()
        if isinstance(value, dict):
            # a connection's options, such as sslmode
            is_query = name.lower() == "query"
            waiting += [
                (name if is_query and not is_secret_name(str(key)) else str(key), each)
                for key, each in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        elif value is not None:
            yield name.lower(), str(value)


def _read(file: Path) -> dict[str, Any]:
    """Return a TOML file's content, nothing if it is missing or malformed."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _version(file: Path) -> Version:
    """Return a file with what changes when its content does."""
    try:
        found = file.stat()
    except OSError:
        return file.absolute(), 0, 0
    return file.absolute(), found.st_mtime_ns, found.st_size
