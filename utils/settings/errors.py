"""Errors of settings and secrets, in plain words and without their values."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from contextlib import contextmanager
from typing import Iterator

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
    FieldLookupTraces,
    InvalidNativeValue,
    LookupTraces,
    ValueNotSecretException,
)
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.providers.toml import (
    CONFIG_TOML,
    SECRETS_TOML,
    TomlProviderReadException,
)
from dlt.common.configuration.utils import ResolvedValueTrace, get_resolved_traces

from utils.errors import ClearError
from utils.errors.addresses import has_misread_password, is_no_host
from utils.vault_provider import active_vault

Section = tuple[str, ...]

EXAMPLE = ".dlt/secrets.toml.example"


class ConfigurationError(ClearError):
    """A setting or a secret is missing or malformed."""


@contextmanager
def plain_configuration_errors() -> Iterator[None]:
    """Replace dlt's forty lines, with all the names that it tried, by one.

    Raises:
        ConfigurationError: Without a cause, because some of dlt's errors hold the value.
    """
    try:
        yield
    except ConfigurationException as error:
        message = _message(error)
        if message is None:
            raise
        raise ConfigurationError(message) from None


def _message(error: ConfigurationException) -> str | None:
    if isinstance(error, ConfigFieldMissingException):
        missing: dict[Section, dict[str, bool]] = defaultdict(dict)
        for section, key, is_secret in _missing(error.traces):
            missing[section][key] = is_secret
        return " ".join(_lacks(section, keys) for section, keys in missing.items())
    if isinstance(error, ConfigValueCannotBeCoercedException):
        expected = getattr(error.hint, "__name__", str(error.hint))
        return _does_not_fit(error.field_name, expected)
    if isinstance(error, InvalidNativeValue):
        # no sections if credentials were asked for by themselves
        key = (error.embedded_sections or ("credentials",))[-1]
        written = getattr(error.inner_exception, "native_value", None)
        is_url = isinstance(written, str) and "://" in written
        return _does_not_fit(key, error.spec.__name__, is_url)
    if isinstance(error, ValueNotSecretException):
        return (
            f"The secret {error.key} is in .dlt/{error.provider_name}, which git"
            " keeps. Nothing was loaded. Move it to .dlt/secrets.toml. If it was"
            " committed, change it, too."
        )
    if isinstance(error, TomlProviderReadException):
        files = " or ".join(filter(os.path.exists, error.full_paths))
        # the line's number alone: its text may be a secret
        line = re.search(r"at (line \d+)", str(error))
        place = line[1] if line else "its end"
        return f"{files} is not TOML. Nothing was loaded. Look at {place}."
    return None


def _missing(traces: FieldLookupTraces) -> Iterator[tuple[Section, str, bool]]:
    """Yield section and key of each missing value, and whether it is a secret."""
    for field, tried in traces.items():
        places = []
        for trace in tried:
            if isinstance(trace, LookupTraces):
                yield from _missing(trace.traces)
            else:
                places.append(trace)
        if places:
            # dlt begins with the narrowest section: sources.products.products
            section = tuple(dict.fromkeys(places[0].sections))
            # dlt looks for a secret in no file that git keeps
            is_secret = all(place.provider != CONFIG_TOML for place in places)
            yield section, field.rpartition(".")[2], is_secret


def _lacks(section: Section, keys: dict[str, bool]) -> str:
    name = ".".join(section)
    variables = [EnvironProvider.get_key_name(key, *section) for key in keys]
    of_which = " and so on" if len(variables) > 1 else ""
    places = [f"the environment ({variables[0]}{of_which})"]
    if any(keys.values()) or section[-1:] == ("credentials",):
        places.append(f".dlt/{SECRETS_TOML} ([{name}])")
        if vault := active_vault():
            places.append(f"AWS Secrets Manager ({vault.name_of(section)})")
            what_to_do = f"Set it in one of these; {EXAMPLE} shows how."
        else:
            what_to_do = (
                f"Set it in one of these; {EXAMPLE} shows how. AWS Secrets Manager was not"
                " asked: PROVIDERS__ENABLE_AWS_SECRETS is off."
            )
    else:
        places.append(f".dlt/{CONFIG_TOML} ([{name}])")
        what_to_do = "Set it in one of these."
    return (
        f"{name} lacks {', '.join(keys)}. Nothing was loaded. Looked for in"
        f" {', '.join(places[:-1])} and {places[-1]}. {what_to_do}"
    )


def _does_not_fit(key: str, expected: str, is_url: bool = False) -> str:
    """Describe a value of a wrong type: dlt found it last, unless code gave it."""
    traces = get_resolved_traces().resolved_traces
    found = traces[-1] if traces and traces[-1].key == key else None
    name = ".".join((*found.sections, key)) if found else key
    message = f"{name} cannot be read as {expected}. Nothing was loaded."
    if is_url:
        message += f" {_how_to_encode(found)}"
    if found:
        message += f" {_where_to_fix(found)}"
    return message


def _how_to_encode(found: ResolvedValueTrace | None) -> str:
    """Return advice on the password in a URL."""
    if found:
        variable = EnvironProvider.get_key_name("password", *found.sections, found.key)
        apart = f"in {variable}"
    else:
        apart = "by itself"
    return (
        "In a URL a password is percent-encoded: @ as %40, / as %2F, % as %25. Or leave it"
        f" out there, and give it as it is {apart}."
    )


def _where_to_fix(found: ResolvedValueTrace) -> str:
    variable = EnvironProvider.get_key_name(found.key, *found.sections)
    return f"It comes from {found.provider_location or variable}: fix it there."


def whole_address_as_host() -> str:
    """Describe a host that is more than a host's name; dlt found it last."""
    traces = get_resolved_traces().resolved_traces
    found = next((each for each in reversed(traces) if each.key == "host"), None)
    message = (
        "The host of a database is a whole address, or has an @. Nothing was loaded. Give"
        " the host's name alone."
    )
    return f"{message} {_where_to_fix(found)}" if found else message


@contextmanager
def addresses_are_readable() -> Iterator[None]:
    """Reject a URL that dlt finds in this block and misreads: its password has an @.

    For destinations, whose credentials dlt parses itself.

    Raises:
        ConfigurationError: The message names the setting.
    """
    traces = get_resolved_traces().resolved_traces
    before = len(traces)
    try:
        yield
    finally:  # a misread address may lack something, too
        for found in traces[before:]:
            if has_misread_password(found.value):
                raise ConfigurationError(
                    f"{'.'.join((*found.sections, found.key))} is a URL with more than one"
                    f" @. Nothing was loaded. {_how_to_encode(found)}"
                    f" {_where_to_fix(found)}"
                ) from None
            if found.key == "host" and is_no_host(found.value):
                raise ConfigurationError(whole_address_as_host()) from None
