"""The report of a backfill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from utils.backfill.report import BackfillReport, ChunkResult
from utils.errors import ClearError

URL = "http://127.0.0.1:4200/runs/flow-run/1"
DONE = ChunkResult("2024-01-01", "Completed", is_done=True, seconds=61.5, url=URL)
LEFT = ChunkResult("2024-01-02", "Deleted", is_done=False, seconds=0, url=None)
REPORT = BackfillReport("load/dev", "backfill:0a1b", (DONE, LEFT), done_before=1)


def test_each_chunk_is_a_row():
    assert str(REPORT).splitlines() == [
        f"chunk: 2024-01-01, Completed, 61.5 s, {URL}",
        "chunk: 2024-01-02, Deleted, 0.0 s",
        "load/dev: 1 of 2 chunks done, 1 of them before",
        "tag: backfill:0a1b",
    ]


def test_chunks_that_are_not_done_are_an_error():
    with pytest.raises(ClearError, match="1 of 2 .*: 2024-01-02 .Deleted.. .*:0a1b"):
        REPORT.raise_if_incomplete()
    replace(REPORT, chunks=(DONE,)).raise_if_incomplete()


def test_the_first_failure_is_told_with_its_reason():
    failed = replace(LEFT, state="Failed", reason="ApiError: 401")
    other = replace(failed, days="2024-01-03", reason="ApiError: 500")
    report = replace(REPORT, chunks=(DONE, failed, other))
    assert "failed: 2024-01-02: ApiError: 401." in str(report).splitlines()
    with pytest.raises(
        ClearError, match="first failure, 2024-01-02: ApiError: 401. Th"
    ):
        report.raise_if_incomplete()
    with pytest.raises(ClearError, match="401. All .* others were not started. Their"):
        replace(report, was_stopped=True).raise_if_incomplete()


def test_an_error_names_ten_chunks():
    with pytest.raises(ClearError, match="12 of 12 .* and 2 more"):
        replace(REPORT, chunks=(LEFT,) * 12).raise_if_incomplete()
