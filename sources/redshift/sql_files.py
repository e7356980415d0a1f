"""Queries to export: `.sql` files. Those of a folder run together.

A file holds one SELECT. `%(name)s` stands for the value of a parameter, which the database
driver quotes; any other per cent sign stands for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping
from urllib.parse import quote

from utils.errors import ClearError

FOLDERS = Path(__file__).parent / "queries"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# psycopg2 reads each per cent sign except %% as the beginning of a placeholder.
OTHER_PER_CENT_SIGN = re.compile(r"%(?!\(\w+\)s)")

# What may hold a semicolon that ends no statement: texts, names and comments.
QUOTED = re.compile(
    r"""'(?:[^'\\]|''|\\.)*'|"[^"]*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
# A file's name: other characters would have a meaning in some lake.
NAME = re.compile(r"\w[\w .-]{0,99}")
# Redshift's own limit of a statement.
MOST_BYTES = 16 * 2**20
# A folder's name of most file systems.
LONGEST_FOLDER = 255

Value = str | int | float | bool | None


class QueriesError(ClearError):
    """The queries do not exist, or their parameters do not fit. Nothing was run."""


@dataclass(frozen=True)
class Query:
    """A query with the values of its parameters."""

    name: str
    """Folder and file without suffix: `usage/query_history`."""
    sql: str
    """Text for psycopg2, with placeholders."""
    parameters: dict[str, Value]

    @property
    def file(self) -> str:
        """Path of the file below `sources/`."""
        return f"{FOLDERS.parent.name}/{FOLDERS.name}/{self.name}.sql"

    @property
    def has_second_statement(self) -> bool:
        """True if a statement follows the first one, as far as can be told."""
        return ";" in QUOTED.sub("", self.sql).rstrip("; \t\r\n")


def read_queries(folder: str, parameters: Mapping[str, Value]) -> list[Query]:
    """Read the queries of a folder, each with the parameters that it uses.

    Args:
        folder: Name of a folder of `sources/redshift/queries`.
        parameters: Values of the queries' parameters by name.

    Raises:
        QueriesError: The folder does not exist or has no query, a parameter is missing,
            or no query uses one that is given.
    """
    files = sorted(_folder(folder).glob("*.sql"))
    if not files:
        raise QueriesError(f"No .sql file in {_folder(folder)}.")
    for name, value in parameters.items():
        _require_usable(name, value)
    queries = [_read(file, folder, parameters) for file in files]
    used = {name for query in queries for name in query.parameters}
    if unused := sorted(parameters.keys() - used):
        raise QueriesError(
            f"No query in {folder} uses {_few(unused)}. Their parameters:"
            f" {', '.join(sorted(used)) or 'none'}. Nothing was run."
        )
    return queries


def folder_names() -> list[str]:
    """Return the names of the folders of queries. A fork may have none."""
    return sorted(path.name for path in FOLDERS.glob("*/"))


def _folder(name: str) -> Path:
    if name not in (folders := folder_names()):
        existing = ", ".join(f"`{folder}`" for folder in folders) or "none"
        raise QueriesError(
            f"No folder `{_shown(name)}` in {FOLDERS}. Existing folders: {existing}."
        )
    return FOLDERS / name


def _require_usable(name: str, value: Value) -> None:
    """Reject a value that no database takes, or that cannot be a folder's name."""
    try:
        folder = f"{name}={quote(str(value), safe='')}"
    except ValueError:  # too many digits, half of a character
        folder = "\0"
    if len(folder) > LONGEST_FOLDER or "%00" in folder or "\0" in folder:
        raise QueriesError(
            f"The value of the parameter {_shown(name)} is too long, or has a character"
            " that no database takes. Nothing was run. A value becomes a folder's name,"
            f" with its parameter and percent-encoded {LONGEST_FOLDER} characters at most."
        )


def _shown(name: str) -> str:
    return ascii(name[:100])[1:-1]


def _few(names: list[str]) -> str:
    """Return some names, and how many there are."""
    shown = ", ".join(map(_shown, names[:10]))
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10:,} more"


def _text(file: Path) -> str:
    """Return the text of a query's file.

    Raises:
        QueriesError: It is no file of text, or too long.
    """
    if not NAME.fullmatch(file.stem):
        problem = (
            "has a name with a character that a query's name cannot have: take letters,"
            " digits, _ and -"
        )
    elif not file.is_file() or not file.resolve().is_relative_to(FOLDERS.resolve()):
        problem = "is no file of this folder, or a link out of it"
    elif file.stat().st_size > MOST_BYTES:
        problem = f"has more than {MOST_BYTES // 2**20} MiB"
    else:
        try:
            text = file.read_text("utf-8-sig")
        except UnicodeDecodeError:
            problem = "is not text in UTF-8"
        else:
            if "\0" not in text:
                return text
            problem = "has a NUL, which would end the query"
    raise QueriesError(
        f"{file.parent.name}/{_shown(file.name)} {problem}. Nothing was run."
    )


def _read(file: Path, folder: str, parameters: Mapping[str, Value]) -> Query:
    text = _text(file)
    needed = set(PLACEHOLDER.findall(text))
    query = Query(
        name=f"{folder}/{file.stem}",
        sql=OTHER_PER_CENT_SIGN.sub("%%", text),
        parameters={name: parameters[name] for name in needed & parameters.keys()},
    )
    if missing := sorted(needed - parameters.keys()):
        example = f'{{"{missing[0]}": ...}}'
        raise QueriesError(
            f"{query.file} needs a value for {', '.join(missing)}: give it in the run's"
            f" parameters, {example}. Nothing was run."
        )
    return query
