"""Bounds of settings and secrets, whose values a slip or a stranger may have written."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from dlt.common.configuration.providers import EnvironProvider

from utils.settings.errors import ConfigurationError

LONGEST_TOKEN = 8_000  # Servers take no longer headers.
Bound = TypeVar("Bound", float, date)


def wrong_setting(setting: str, problem: str, what_to_do: str) -> ConfigurationError:
    """Return the error of a setting, which does not show the value.

    Args:
        setting: Path of the setting: `sources.van.days_per_load`.
        problem: What is wrong: `is empty`.
        what_to_do: Sentence about values that are right.
    """
    *sections, key = setting.split(".")
    variable = EnvironProvider.get_key_name(key, *sections)
    return ConfigurationError(
        f"{setting} {problem}. Nothing was loaded. {what_to_do} It comes from"
        f" {variable} in the environment or from a file in .dlt: fix it there."
    )


def require_between(setting: str, value: Bound, least: Bound, most: Bound) -> None:
    """Reject a number or day that is out of bounds, or not a number.

    Raises:
        ConfigurationError: Names the setting and the bounds.
    """
    if not least <= value <= most:
        raise wrong_setting(
            setting,
            f"is not from {least} to {most}",
            "Outside of these bounds nothing useful could be loaded.",
        )


def checked_token(setting: str, value: str) -> str:
    """Return a secret that is sent in a header, without the spaces around it.

    Raises:
        ConfigurationError: It is empty or too long, or has characters that a header
            cannot carry.
    """
    token = value.strip()
    is_printable = token.isascii() and token.isprintable()
    if not (is_printable and 0 < len(token) <= LONGEST_TOKEN):
        raise wrong_setting(
            setting,
            "is empty, too long, or has a line break or another character that no key has",
            "Copy the key once more. It may also come from AWS Secrets Manager.",
        )
    return token
