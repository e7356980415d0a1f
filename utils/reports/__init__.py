"""Reports of runs: each gives a summary, rows and facts. All are shown the same way.

A report is printed as plain lines by `print`, as a table by rich, and published as an
artifact by `utils.runs.artifacts`, without secrets. It is outside of `utils.runs`, because loading
needs it and knows nothing of Prefect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Sequence,
)

from utils.redaction.texts import redact, redact_all
from utils.reports.cells import Kind, heading, in_artifact, in_line, in_table

if TYPE_CHECKING:
    from rich.console import Group


class Fact(NamedTuple):
    """A named text below a report's table."""

    name: str
    text: str
    to_copy: bool = False
    """True for a text to copy, such as a command, which stays in one line."""


class Report(ABC):
    """The outcome of a run. A subclass has the figures, this class shows them."""

    columns: ClassVar[Mapping[str, Kind]]
    """The table's columns, by name. The first one names the row."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Name of the report among the artifacts of all runs."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """Outcome in one line."""

    @abstractmethod
    def cells(self) -> Iterable[Sequence[Any]]:
        """Return the table's cells, row by row."""

    @abstractmethod
    def facts(self) -> Iterable[Fact]:
        """Return the facts below the table, with those to copy last."""

    def records(self) -> list[dict[str, str]]:
        """Return the rows as Prefect's UI shows them: readable numbers, links in Markdown."""
        return [
            {
                heading(name, kind): in_artifact(name, kind, cell)
                for name, kind, cell in row
            }
            for row in self._rows()
        ]

    def description(self) -> str:
        """Return the summary, the facts and the rows' lists in Markdown.

        The summary comes first. Prefect's UI shows a list in a cell as one long line.
        """
        lines = [f"**{redact(self.summary)}**", ""]
        for name, text, to_copy in self._facts():
            lines.append(f"- {name}: `{text}`" if to_copy else f"- {name}: {text}")
        for (_, _, named), *row in self._rows():
            for name, kind, cell in row:
                for title, items in cell if kind == "lists" else ():
                    lines.append(f"- {name} of {named}, {title}:")
                    lines += [f"    - {item}" for item in items]
        return "\n".join(lines).strip()

    def __str__(self) -> str:
        named, *_ = self.columns
        lines = []
        for row in self._rows():
            texts = [in_line(name, kind, cell) for name, kind, cell in row]
            lines.append(f"{named}: {', '.join(filter(None, texts))}")
        lines.append(redact(self.summary))
        lines += [f"{name}: {text}" for name, text, _ in self._facts()]
        return "\n".join(lines)

    def __rich__(self) -> Group:
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD)
        for name, kind in self.columns.items():
            title = heading(name, kind).capitalize()
            if kind in ("count", "bytes", "seconds"):
                table.add_column(title, justify="right", no_wrap=True)
            else:
                longest_word = max(map(len, ("none", *title.split())))
                table.add_column(title, overflow="fold", min_width=longest_word)
        for row in self._rows():
            table.add_row(*(in_table(name, kind, cell) for name, kind, cell in row))

        facts = self._facts()
        width = max((len(fact.name) for fact in facts), default=0)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", min_width=width)
        grid.add_column(overflow="fold")
        lines = []
        for name, text, to_copy in facts:
            if to_copy:
                line = Text(f"{name:<{width}}  {text}", no_wrap=True, overflow="ignore")
                line.stylize("dim", 0, width)
                lines.append(line)
            else:
                grid.add_row(name, Text(text))
        return Group(Text(redact(self.summary), style="italic"), table, grid, *lines)

    def _rows(self) -> Iterator[list[tuple[str, Kind, Any]]]:
        """Yield each row's cells with their columns' names and kinds."""
        for cells in self.cells():
            columns = self.columns.items()
            yield [
                (name, kind, redact_all(cell))
                for (name, kind), cell in zip(columns, cells)
            ]

    def _facts(self) -> list[Fact]:
        return [fact._replace(text=redact(fact.text)) for fact in self.facts()]
