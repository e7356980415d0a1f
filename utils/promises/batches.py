"""Batches that a resource yields, as Arrow tables of the columns that promises name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Sequence

from utils.errors import nearest, sentence
from utils.promises.outcome import PromiseBroken
from utils.redaction.texts import excerpt

if TYPE_CHECKING:
    import pyarrow as pa


def as_arrow(item: Any, names: Sequence[str], table: str) -> pa.Table:
    """Return a batch as an Arrow table.

    Args:
        item: Arrow table or record batch, list of rows, or one row.
        names: Columns that promises name, by their names in the source. Of rows only these
            are in the table; a row without one of them has NULL there.
        table: Name of the table.

    Raises:
        PromiseBroken: An Arrow table lacks a column, or a promise cannot be checked.
    """
    import pyarrow as pa

    if isinstance(item, pa.RecordBatch):
        item = pa.Table.from_batches([item])
    if isinstance(item, pa.Table):
        for name in names:
            if name not in item.column_names:
                raise PromiseBroken(
                    f"Table {table} promises something about its column {name}, which it"
                    f" does not have. Nothing was loaded. {nearest(name, item.column_names)}"
                    " Correct the promise beside the resource."
                )
        return item
    rows = item if isinstance(item, list) else [item]
    if others := [row for row in rows if not isinstance(row, dict)]:
        raise PromiseBroken(
            f"Table {table} has promises, and its resource yields"
            f" {type(others[0]).__name__}. Nothing was loaded. Only Arrow tables and rows"
            " can be checked."
        )
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in names}
    return pa.table(columns or {"": pa.nulls(len(rows))})


def newest_value(column: pa.ChunkedArray, now: datetime) -> datetime | None:
    """Return a cursor's newest value that is not after now, None if there is none.

    A row that is dated in the future would let a table seem fresh for ever.

    Raises:
        PromiseBroken: The values are no times or dates.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_temporal(column.type) or pa.types.is_null(column.type)):
        raise PromiseBroken(
            f"A promise of freshness needs times or dates, and its cursor has values of type"
            f" {column.type}. Nothing was loaded. Correct the promise beside the resource."
        )
    times = pc.cast(column, pa.timestamp("us"), safe=False)
    latest = pa.scalar(now.replace(tzinfo=None), pa.timestamp("us"))
    newest = pc.max(times)
    if newest.is_valid and pc.greater(newest, latest).as_py():
        newest = pc.max(pc.filter(times, pc.less_equal(times, latest)))
    return newest.as_py().replace(tzinfo=UTC) if newest.is_valid else None


def _column(name: str, values: list[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise PromiseBroken(
            f"Column {name} has values of several types, or too large ones, of which a"
            f" promise cannot be checked: {excerpt(sentence(error))} Nothing was loaded."
        ) from error
