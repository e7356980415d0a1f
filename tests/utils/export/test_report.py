"""The report of an export: what it says of files and failures."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from utils.errors import ClearError
from utils.export.report import ExportedFile, ExportReport, ExportsFailed

FILES = {
    "pets/cats": ExportedFile("pets/cats", 1234, 56_789, 1.25, "s3://lake/cats.csv"),
    "pets/dogs": ExportedFile("pets/dogs", 0, 12, 0.5, "s3://lake/dogs.csv"),
}


def test_what_was_exported():
    report = ExportReport.of("pets", FILES)
    report.raise_if_failed()
    assert str(report).splitlines() == [
        "file: s3://lake/cats.csv, 1,234 rows, 56,789 bytes, 1.2 s",
        "file: s3://lake/dogs.csv, 0 rows, 12 bytes, 0.5 s",
        "Exported 2 of 2 queries in pets: 1,234 rows",
    ]
    terminal = Console(file=io.StringIO(), width=120)
    terminal.print(report)
    lines = [line.split() for line in terminal.file.getvalue().splitlines()]
    assert "pets/cats 1,234 56.8 kB 1.2 s3://lake/cats.csv".split() in lines


def test_each_failure_is_named():
    """Also one that nobody has foreseen, and that does not tell where it happened."""
    failed = {"pets/hens": ClearError("hens.sql, line 3"), "pets/mice": KeyError("a")}
    report = ExportReport.of("pets", FILES | failed)
    with pytest.raises(ExportsFailed) as raised:
        report.raise_if_failed()
    assert str(raised.value).splitlines() == [
        "Exported 2 of 4 queries in pets: 1,234 rows. These failed, and left their files"
        " alone:",
        "- hens.sql, line 3",
        "- pets/mice: KeyError('a')",
    ]
