"""Rows that are set aside: into a table of their own, as JSON, with the broken promise."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import dlt

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIX = "_set_aside"


def divided(
    item: Any,
    batch: pa.Table,
    broken: Sequence[tuple[int, str]],
    table: str,
    moment: datetime,
) -> Iterator[Any]:
    """Yield the rows that keep the promises, then the others for the table beside.

    Args:
        item: Batch as the resource has yielded it: Arrow, a list of rows or a row.
        batch: The same rows as an Arrow table.
        broken: Number and broken promises of each row to set aside.
        table: Name of the table.
        moment: When the load began.
    """
    import pyarrow as pa

    numbers = [number for number, _ in broken]
    kept = sorted(set(range(batch.num_rows)) - set(numbers))
    if isinstance(item, (list, dict)):
        rows = item if isinstance(item, list) else [item]
        yield [rows[number] for number in kept]
        aside = [rows[number] for number in numbers]
    else:
        yield batch.take(pa.array(kept, pa.int64()))
        aside = batch.take(pa.array(numbers, pa.int64())).to_pylist()
    yield dlt.mark.with_hints(
        _table(aside, [promises for _, promises in broken], moment),
        dlt.mark.make_hints(
            table_name=f"{table}{SUFFIX}",
            primary_key="row_id",
            write_disposition="merge",
        ),
        create_table_variant=True,
    )


def _table(rows: list[Any], promises: list[str], moment: datetime) -> pa.Table:
    import pyarrow as pa

    texts = [json.dumps(row, default=str, ensure_ascii=False) for row in rows]
    # the same row is there once, however often it is read
    ids = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    began = pa.scalar(moment, pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "row_id": ids,
            "set_aside_at": pa.repeat(began, len(ids)),
            "broken_promise": pa.array(promises, pa.string()),
            "source_row": pa.array(texts, pa.string()),
        }
    )
