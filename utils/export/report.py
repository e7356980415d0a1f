"""The report of an export: the files, the failures, and an error if there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Mapping

from utils.errors import ClearError
from utils.reports import Fact, Report


class ExportsFailed(ClearError):
    """An error that names the failed queries. Their files are left unchanged."""


@dataclass(frozen=True)
class ExportedFile:
    """A query's result in the lake."""

    query: str
    rows: int
    bytes: int
    seconds: float
    address: str
    """A path, or an `s3://` address."""


@dataclass(frozen=True)
class ExportReport(Report):
    """The outcome of an export."""

    columns = {
        "query": "text",
        "rows": "count",
        "bytes": "bytes",
        "seconds": "seconds",
        "file": "text",
    }
    key = "redshift_export-files"

    folder: str
    files: tuple[ExportedFile, ...]
    failures: tuple[str, ...]
    """An error message for each query that failed."""

    @classmethod
    def of(
        cls, folder: str, outcomes: Mapping[str, ExportedFile | Exception]
    ) -> ExportReport:
        """Make the report from each query's file or error.

        Args:
            folder: Folder of the queries.
            outcomes: File or error of each query, by the query's name.
        """
        return cls(
            folder=folder,
            files=tuple(
                each for each in outcomes.values() if isinstance(each, ExportedFile)
            ),
            failures=tuple(
                # a clear error names its query
                str(each) if isinstance(each, ClearError) else f"{name}: {each!r}"
                for name, each in outcomes.items()
                if isinstance(each, Exception)
            ),
        )

    @property
    def summary(self) -> str:
        """Numbers of queries and rows in one line."""
        rows = sum(file.rows for file in self.files)
        return (
            f"Exported {len(self.files)} of {len(self.files) + len(self.failures)}"
            f" queries in {self.folder}: {rows:,} rows"
        )

    def cells(self) -> Iterator[tuple[str, int, int, float, str]]:
        """Return the exported files."""
        for file in self.files:
            yield file.query, file.rows, file.bytes, file.seconds, file.address

    def facts(self) -> Iterator[Fact]:
        """Return the failures."""
        for failure in self.failures:
            yield Fact("failed", failure)

    def raise_if_failed(self) -> None:
        """Raise ExportsFailed if a query failed."""
        if self.failures:
            failures = "\n".join(f"- {failure}" for failure in self.failures)
            raise ExportsFailed(
                f"{self.summary}. These failed, and their files are left unchanged:\n{failures}"
            )
