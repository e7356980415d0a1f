"""What became of the queries of an export: the files, the failures, and an error if there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping

from utils.errors import ClearError

if TYPE_CHECKING:
    from rich.console import RenderableType


class ExportsFailed(ClearError):
    """Some queries failed. Their files are what they were before."""


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
class ExportReport:
    """The outcome of an export. Printed with `str` it is plain lines, by rich a table."""

    folder: str
    files: tuple[ExportedFile, ...]
    failures: tuple[str, ...]
    """What is wrong, of each query that failed."""

    @classmethod
    def of(
        cls, folder: str, outcomes: Mapping[str, ExportedFile | Exception]
    ) -> ExportReport:
        """The report of what each query gave, or failed with, by its name."""
        return cls(
            folder=folder,
            files=tuple(
                each for each in outcomes.values() if isinstance(each, ExportedFile)
            ),
            failures=tuple(
                # a clear error tells of which query it is
                str(each) if isinstance(each, ClearError) else f"{name}: {each!r}"
                for name, each in outcomes.items()
                if isinstance(each, Exception)
            ),
        )

    @property
    def summary(self) -> str:
        """One line: how many queries, how many rows."""
        rows = sum(file.rows for file in self.files)
        return (
            f"Exported {len(self.files)} of {len(self.files) + len(self.failures)}"
            f" queries in {self.folder}: {rows:,} rows"
        )

    def raise_if_failed(self) -> None:
        """Raise ExportsFailed, which names each query that failed, if any did."""
        if self.failures:
            failures = "\n".join(f"- {failure}" for failure in self.failures)
            raise ExportsFailed(
                f"{self.summary}. These failed, and left their files alone:\n{failures}"
            )

    def __str__(self) -> str:
        lines = [
            f"file: {file.address}, {file.rows:,} rows, {file.bytes:,} bytes,"
            f" {file.seconds:.1f} s"
            for file in self.files
        ]
        return "\n".join([*lines, self.summary])

    def __rich__(self) -> RenderableType:
        from rich import box
        from rich.filesize import decimal
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, title=self.summary, title_justify="left")
        table.add_column("Query")
        table.add_column("Rows", justify="right")
        table.add_column("Size", justify="right")
        table.add_column("Seconds", justify="right")
        table.add_column("File", overflow="fold")
        for file in self.files:
            table.add_row(
                file.query,
                f"{file.rows:,}",
                decimal(file.bytes),
                f"{file.seconds:.1f}",
                file.address,
            )
        return table
