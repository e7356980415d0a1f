"""Queries to export: `.sql` files. Those of a folder run together.

A file holds one SELECT. `%(name)s` stands for the value of a parameter, which the database
driver quotes; any other per cent sign stands for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from utils.errors import ClearError

FOLDERS = Path(__file__).parent / "queries"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# psycopg2 reads each per cent sign except %% as the beginning of a placeholder.
OTHER_PER_CENT_SIGN = re.compile(r"%(?!\(\w+\)s)")

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
    queries = [_read(file, folder, parameters) for file in files]
    used = {name for query in queries for name in query.parameters}
    if unused := sorted(parameters.keys() - used):
        raise QueriesError(
            f"No query in {folder} uses {', '.join(unused)}. Their parameters:"
            f" {', '.join(sorted(used)) or 'none'}. Nothing was run."
        )
    return queries


def _folder(name: str) -> Path:
    folders = {path.name: path for path in FOLDERS.iterdir() if path.is_dir()}
    if name not in folders:
        existing = ", ".join(f"`{folder}`" for folder in sorted(folders)) or "none"
        raise QueriesError(
            f"No folder `{name}` in {FOLDERS}. Existing folders: {existing}."
        )
    return folders[name]


def _read(file: Path, folder: str, parameters: Mapping[str, Value]) -> Query:
    text = file.read_text("utf-8-sig")
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
