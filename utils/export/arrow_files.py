"""Writes Arrow batches into a CSV or Parquet file, a few megabytes at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Iterable, Iterator, Literal

if TYPE_CHECKING:
    import pyarrow as pa

FileFormat = Literal["parquet", "csv"]

# Size of a row group of a Parquet file, and so of the memory that is needed.
BYTES_AT_ONCE = 32 * 2**20
# With more decimals Arrow writes 0.0000001 as 1E-7.
MOST_PLAIN_DECIMALS = 6


def write_table(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    file: BinaryIO,
    file_format: FileFormat,
) -> int:
    """Write the batches into a file, and return their number of rows.

    In CSV, NULL is an empty field, an empty text is "", and all texts are quoted.
    Booleans are true and false. Times have ISO's form, with a Z if they are in UTC.

    Args:
        batches: Record batches of one schema.
        schema: Schema of the batches, which the file has even without a batch.
        file: Binary file to write into.
        file_format: Format of the file.
    """
    from pyarrow.csv import CSVWriter
    from pyarrow.parquet import ParquetWriter

    tables = _tables(batches, schema)
    if file_format == "csv":
        schema = _with_plain_decimals(schema.empty_table()).schema
        tables = map(_with_plain_decimals, tables)
    writer = CSVWriter if file_format == "csv" else ParquetWriter
    rows = 0
    with writer(file, schema) as opened:
        for table in tables:
            opened.write_table(table)
            rows += table.num_rows
    return rows


def _tables(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    gathered: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        gathered.append(batch)
        size += batch.nbytes
        if size >= BYTES_AT_ONCE:
            yield pa.Table.from_batches(gathered, schema)
            gathered, size = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered, schema)


def _with_plain_decimals(table: pa.Table) -> pa.Table:
    """Turn decimals with many places into texts, which Arrow writes without exponent."""
    import pyarrow as pa

    for number, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.scale > MOST_PLAIN_DECIMALS:
            values = (
                None if value is None else f"{value:f}"
                for value in table.column(number).to_pylist()
            )
            texts = pa.array(values, pa.string())
            table = table.set_column(number, field.with_type(pa.string()), texts)
    return table
