"""The report of an export."""

from __future__ import annotations

import pytest

from utils.errors import ClearError
from utils.export.report import ExportedFile, ExportReport, ExportsFailed

FILES = {
    "pets/cats": ExportedFile("pets/cats", 1234, 56_789, 1.25, "s3://lake/cats.csv"),
    "pets/dogs": ExportedFile("pets/dogs", 0, 12, 0.5, "s3://lake/dogs.csv"),
}


def test_each_file_is_a_row():
    report = ExportReport.of("pets", FILES)
    report.raise_if_failed()
    assert str(report).splitlines() == [
        "query: pets/cats, 1,234 rows, 56,789 bytes, 1.2 s, s3://lake/cats.csv",
        "query: pets/dogs, 0 rows, 12 bytes, 0.5 s, s3://lake/dogs.csv",
        "Exported 2 of 2 queries in pets: 1,234 rows",
    ]


def test_each_failure_is_named():
    """Unforeseen errors do not name their query."""
    failed = {"pets/hens": ClearError("hens.sql, line 3"), "pets/mice": KeyError("a")}
    report = ExportReport.of("pets", FILES | failed)
    failures = ["hens.sql, line 3", "pets/mice: KeyError('a')"]
    assert [fact.text for fact in report.facts()] == failures
    with pytest.raises(ExportsFailed) as raised:
        report.raise_if_failed()
    summary, *lines = str(raised.value).splitlines()
    assert "Exported 2 of 4 queries" in summary
    assert lines == [f"- {failure}" for failure in failures]
