"""The figures of an export's progress."""

from __future__ import annotations

from utils.export.progress import ExportProgress


def test_ended_queries_are_counted():
    progress = ExportProgress(ended=1, queries=4)
    assert progress.percent == 25
    assert str(progress) == "Export: 1 of 4 queries"
