"""How far an export is."""

from __future__ import annotations

from utils.export.progress import ExportProgress


def test_it_counts_the_queries_that_have_ended():
    progress = ExportProgress(ended=1, queries=4)
    assert progress.percent == 25
    assert str(progress) == "Export: 1 of 4 queries"
