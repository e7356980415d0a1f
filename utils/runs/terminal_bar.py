"""A progress bar below the log's lines in a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, Protocol

from utils.runs.logging import console_handler


class Progress(Protocol):
    """The progress of work, as a bar or Prefect's progress artifact shows it."""

    @property
    def step(self) -> str: ...

    @property
    def percent(self) -> float: ...

    @property
    def detail(self) -> str:
        """Figures of the step."""


@contextmanager
def terminal_bar() -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows progress in a terminal, and nothing in a pipe."""
    # A bar on Prefect's own console does not garble the log's lines.
    handler = console_handler()
    if handler is None or not handler.console.is_terminal:
        yield lambda progress: None
        return

    from rich.progress import BarColumn
    from rich.progress import Progress as Bar
    from rich.progress import TextColumn, TimeElapsedColumn
    from rich.theme import Theme

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    # Prefect's console has a theme without rich's own styles, which a bar needs.
    with (
        handler.console.use_theme(Theme()),
        Bar(*columns, console=handler.console, transient=True) as bar,
    ):
        task = bar.add_task("Start", total=100, detail="")
        yield lambda progress: bar.update(
            task,
            description=progress.step,
            completed=progress.percent,
            detail=progress.detail,
        )
