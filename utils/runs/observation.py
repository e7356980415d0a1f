"""What people see of a load while it runs: the run's log, a bar, a progress artifact."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from utils.errors.interruption import interruptions_pass
from utils.runs.artifacts import ProgressArtifact
from utils.runs.load_progress import LoadProgress, Progress
from utils.runs.logging import run_log
from utils.runs.terminal_bar import terminal_bar


@contextmanager
def observed_load() -> Iterator[LoadProgress]:
    """Give the progress monitor that a pipeline takes as `progress`, within a run.

    A terminal shows a bar beneath the log's lines, a pipe only the lines. The run in
    Prefect's UI has the same lines, dlt's own among them, and a progress artifact.
    """
    artifact = ProgressArtifact()
    with interruptions_pass(), run_log(), terminal_bar() as show_bar:

        def show(progress: Progress) -> None:
            show_bar(progress)
            artifact.show(progress)

        yield LoadProgress(show)
    artifact.update(100.0, "Loaded")
