"""Prefect artifacts of a run: its progress while it runs, its report when it is done."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterable, Iterator

from prefect.artifacts import (
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.runtime import flow_run

from utils.loading.report import LoadReport
from utils.runs.logging import get_logger

if TYPE_CHECKING:
    from utils.backfill.report import BackfillReport
    from utils.export.report import ExportReport
    from utils.runs.terminal_bar import Shown

SECONDS_BETWEEN_UPDATES = 2.0


def publish_report(report: LoadReport) -> LoadReport:
    """Log what was loaded, publish it as a table artifact of the run, and return it."""
    rows = [
        {
            "table": table.name,
            "rows": table.rows,
            "bytes": table.bytes,
            "schema changes": "; ".join(table.schema_changes) or "none",
        }
        for table in report.tables
    ]
    facts = (f"{name}: {text}" for name, text in report.facts())
    _publish(report.summary, _key(report.pipeline, "load"), rows, facts)
    return report


def publish_chunks(report: BackfillReport) -> BackfillReport:
    """Log how many chunks are done, publish each with its run's link, and return it."""
    rows = [
        {
            "chunk": each.days,
            "state": each.state,
            "seconds": round(each.seconds),
            # the UI shows texts as Markdown
            "run": f"[run]({each.url})" if each.url else "none",
        }
        for each in report.chunks
    ]
    facts = (report.summary, f"tag: {report.tag}")
    _publish(report.summary, _key("backfill", "chunks"), rows, facts)
    return report


def publish_export(report: ExportReport) -> ExportReport:
    """Log what was exported, publish it as a table artifact of the run, and return it."""
    rows = [
        {
            "query": file.query,
            "rows": file.rows,
            "bytes": file.bytes,
            "seconds": round(file.seconds, 1),
            "file": file.address,
        }
        for file in report.files
    ]
    facts = (report.summary, *report.failures)
    _publish(report.summary, _key("redshift_export", "files"), rows, facts)
    return report


def _publish(
    summary: str, key: str, rows: list[dict[str, Any]], facts: Iterable[str]
) -> None:
    get_logger().info(summary)
    description = "\n".join(f"- {fact}" for fact in facts)
    create_table_artifact(key=key, table=rows, description=description)


class ProgressArtifact:
    """A progress artifact of the current run, updated at most every two seconds.

    A run never fails because its progress could not be shown.
    """

    def __init__(self) -> None:
        self._updated = time.monotonic()
        self._id = None
        with _failure_is_a_warning():
            self._id = create_progress_artifact(
                progress=0.0, key=_key(flow_run.flow_name, "progress")
            )

    def show(self, progress: Shown) -> None:
        """Update the artifact, unless that was done a moment ago."""
        if time.monotonic() - self._updated > SECONDS_BETWEEN_UPDATES:
            self.update(progress.percent, str(progress))

    def update(self, percent: float, description: str) -> None:
        """Update the artifact at once."""
        if self._id is None:
            return
        self._updated = time.monotonic()
        with _failure_is_a_warning():
            update_progress_artifact(self._id, percent, description)


@contextmanager
def _failure_is_a_warning() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        get_logger().warning("Progress cannot be shown: %s", error)


def _key(name: str, kind: str) -> str:
    """Prefect allows lowercase letters, digits and dashes."""
    return f"{name}-{kind}".lower().replace("_", "-")
