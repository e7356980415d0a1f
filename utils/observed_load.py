"""What people see of a load while it runs: the run's log, a bar, a progress artifact."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator

from utils.artifacts import ProgressArtifact
from utils.interruption import interruptions_pass
from utils.logging import console_handler, run_log
from utils.progress import LoadProgress, Progress


@contextmanager
def observed_load() -> Iterator[LoadProgress]:
    """Give the progress monitor that a pipeline takes as `progress`, within a run.

    A terminal shows a bar beneath the log's lines, a pipe only the lines. The run in
    Prefect's UI has the same lines, dlt's own among them, and a progress artifact.
    """
    artifact = ProgressArtifact()
    with interruptions_pass(), run_log(), _terminal_bar() as show_bar:

        def show(progress: Progress) -> None:
            show_bar(progress)
            artifact.show(progress)

        yield LoadProgress(show)
    artifact.complete()


@contextmanager
def _terminal_bar() -> Iterator[Callable[[Progress], None]]:
    # the console that Prefect logs to: a bar on it does not garble the lines
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
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    # Prefect's console has a theme without rich's own styles, which a bar needs.
    with (
        handler.console.use_theme(Theme()),
        Bar(*columns, console=handler.console, transient=True) as bar,
    ):
        task = bar.add_task("Start", total=100, rows=0)
        yield lambda progress: bar.update(
            task,
            description=progress.step,
            completed=progress.percent,
            rows=progress.rows,
        )
