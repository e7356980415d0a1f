"""Pending load packages: their tables and rows, before they are sent."""

from __future__ import annotations

import pytest

from tests.samples.pets import pets, pets_pipeline
from utils.destinations.load_packages import (
    pending_packages,
    pending_rows,
    tables_to_load,
)


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_rows_are_counted_by_table(warehouse, file_format):
    pipeline = pets_pipeline()
    source = pets({"name": "Rex"}, {"name": "Tom"}, write_disposition="replace")
    source.pets.add_map(lambda table: table.to_pylist())
    assert pending_packages(pipeline) == []

    pipeline.extract(source, loader_file_format=file_format)
    pipeline.normalize()

    (package,) = pending_packages(pipeline)
    assert pending_rows(package)["pets"] == 2
    assert tables_to_load(package, "replace") == {"pets"}
    assert "pets" not in tables_to_load(package, "append")
