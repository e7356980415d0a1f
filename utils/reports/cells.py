"""Cells of reports: as plain text, in the terminal, and in Prefect's UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.text import Text

Kind = Literal["text", "lists", "count", "bytes", "seconds", "link"]
"""Kind of a column's cells. A `link` has an address or None, `lists` Lists."""

Lists = tuple[tuple[str, tuple[str, ...]], ...]
"""Lists with their titles: `(("new columns", ("legs (bigint)", "name (text)")),)`."""


def in_line(name: str, kind: Kind, cell: Any) -> str:
    """Return a cell in a line of plain text, with its column's name if it needs one."""
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


def in_table(name: str, kind: Kind, cell: Any) -> Text:
    """Return a cell of a table in the terminal."""
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


def in_artifact(name: str, kind: Kind, cell: Any) -> str:
    """Return a cell of a table in Prefect's UI."""
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
            return f"[{name}]({cell})" if cell else "none"
        case _:
            return str(cell)


def heading(name: str, kind: Kind) -> str:
    """Return the heading of a column."""
    return "size" if kind == "bytes" else name


def titled(lists: Lists) -> list[str]:
    """Return each list in a line, after its title."""
    return [f"{title}: {', '.join(items)}" for title, items in lists]
