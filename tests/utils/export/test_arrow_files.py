"""Arrow tables as CSV and Parquet files."""

from __future__ import annotations

import io
from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from utils.export import arrow_files
from utils.export.arrow_files import write_table

MOMENT = datetime(2026, 12, 31, 23, 59, 59, 120000)
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("price", pa.decimal128(18, 2)),
        ("rate", pa.decimal128(38, 18)),
        ("weight", pa.float64()),
        ("is_cat", pa.bool_()),
        ("born", pa.date32()),
        ("seen", pa.timestamp("us", "UTC")),
        ("fed", pa.timestamp("us")),
    ]
)
ROWS = [
    {
        "id": 1,
        "name": 'Tom, "the" cat\nof Ann',
        "price": Decimal("-0.50"),
        "rate": Decimal("0.000000000000000001"),
        "weight": 0.1,
        "is_cat": True,
        "born": date(2026, 12, 31),
        "seen": MOMENT.replace(tzinfo=timezone.utc),
        "fed": MOMENT,
    },
    {"id": 2, "name": "", "is_cat": False, "rate": Decimal("0")},
    {name: None for name in SCHEMA.names},
]
CSV = """\
"id","name","price","rate","weight","is_cat","born","seen","fed"
1,"Tom, ""the"" cat
of Ann",-0.50,"0.000000000000000001",0.1,true,2026-12-31,2026-12-31 23:59:59.120000Z,2026-12-31 23:59:59.120000
2,"",,"0.000000000000000000",,false,,,
,,,,,,,,
"""


def written(batches: list[pa.RecordBatch], file_format: str) -> io.BytesIO:
    file = io.BytesIO()
    rows = write_table(batches, SCHEMA, file, file_format)
    assert rows == sum(batch.num_rows for batch in batches)
    return file


def test_csv_tells_null_from_empty_and_keeps_every_digit():
    batches = [pa.RecordBatch.from_pylist([row], SCHEMA) for row in ROWS]
    assert written(batches, "csv").getvalue().decode() == CSV


def test_parquet_has_the_types_and_values():
    batches = [pa.RecordBatch.from_pylist([row], SCHEMA) for row in reversed(ROWS)]
    table = pq.read_table(written(batches, "parquet"))
    assert table.schema == SCHEMA
    assert table.equals(pa.Table.from_batches(batches))


@pytest.mark.parametrize("batches", [[], [pa.RecordBatch.from_pylist([], SCHEMA)]])
def test_without_rows_there_are_still_columns(batches):
    assert written(batches, "csv").getvalue().decode() == CSV.partition("\n")[0] + "\n"
    assert pq.read_schema(written(batches, "parquet")) == SCHEMA


def test_batches_are_gathered_into_row_groups_of_some_size(monkeypatch):
    batch = pa.RecordBatch.from_pylist(ROWS[:1] * 1000, SCHEMA)
    monkeypatch.setattr(arrow_files, "BYTES_AT_ONCE", 3 * batch.nbytes)
    file = pq.ParquetFile(written([batch] * 7, "parquet"))
    groups = range(file.num_row_groups)
    assert [file.metadata.row_group(i).num_rows for i in groups] == [3000, 3000, 1000]
