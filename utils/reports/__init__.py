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
    Literal,
    Mapping,
    NamedTuple,
    Sequence,
)

from utils.redaction.texts import redact, redact_all

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

Kind = Literal["text", "lists", "count", "bytes", "seconds", "link"]
"""Kind of a column's cells. A `link` has an address or None, `lists` Lists."""

Lists = tuple[tuple[str, tuple[str, ...]], ...]
"""Lists with their titles: `(("new columns", ("legs (bigint)", "name (text)")),)`."""


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
                (heading := _heading(name, kind)): _in_artifact(kind, heading, cell)
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
            texts = [_in_line(name, kind, cell) for name, kind, cell in row]
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
            heading = _heading(name, kind).capitalize()
            if kind in ("count", "bytes", "seconds"):
                table.add_column(heading, justify="right", no_wrap=True)
            else:
                longest_word = max(map(len, ("none", *heading.split())))
                table.add_column(heading, overflow="fold", min_width=longest_word)
        for row in self._rows():
            table.add_row(*(_in_table(name, kind, cell) for name, kind, cell in row))

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


def _in_line(name: str, kind: Kind, cell: Any) -> str:
    match kind:
        case "count":
            return f"{cell:,} {name}"
        case "bytes":
            return f"{cell:,} bytes"
        case "seconds":
            return f"{cell:,.1f} s"
        case "lists":
            return f"{name}: {'; '.join(titled(cell))}" if cell else ""
        case _:
            return cell or ""


def _in_table(name: str, kind: Kind, cell: Any) -> Text:
    from rich.filesize import decimal
    from rich.text import Text

    match kind:
        case "count":
            return Text(f"{cell:,}")
        case "bytes":
            return Text(decimal(cell))
        case "seconds":
            return Text(f"{cell:,.1f}")
        case "lists":
            return Text("\n".join(titled(cell)) or "none")
        case "link":
            return Text(name, style=f"link {cell}") if cell else Text("none")
        case _:
            return Text(cell)


def _in_artifact(kind: Kind, heading: str, cell: Any) -> str:
    from rich.filesize import decimal

    match kind:
        case "count":
            return f"{cell:,}"
        case "bytes":
            return decimal(cell)
        case "seconds":
            return f"{cell:,.1f}"
        case "lists":  # the description has them as lists
            return ", ".join(title for title, _ in cell) or "none"
        case "link":  # Prefect's UI shows texts as Markdown
            return f"[{heading}]({cell})" if cell else "none"
        case _:
            return str(cell)


def _heading(name: str, kind: Kind) -> str:
    return "size" if kind == "bytes" else name


def titled(lists: Lists) -> list[str]:
    """Return each list in a line, after its title."""
    return [f"{title}: {', '.join(items)}" for title, items in lists]
