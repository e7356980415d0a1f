"""The setting that adds the environment to the names of datasets."""

from __future__ import annotations

import re

import dlt

from utils.settings.bounds import wrong_setting

# The names become those of folders and schemas.
LAYOUT = re.compile(r"[\w-]{0,40}%s[\w-]{0,40}", re.ASCII)


def dataset_layout() -> str:
    """Return the layout of datasets' names, in which `%s` stands for the dataset.

    Raises:
        ConfigurationError: It has not one `%s`, or another character than names have.
    """
    layout = dlt.config.get("dataset_name_layout", str) or "%s"
    if not LAYOUT.fullmatch(layout):
        raise wrong_setting(
            "dataset_name_layout",
            "is no name with one %s in it",
            "It takes letters, digits, _ and -, such as dev_%s.",
        )
    return layout
