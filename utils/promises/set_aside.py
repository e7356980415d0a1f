"""Rows that are set aside: into a table of their own, as JSON, with the broken promise."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterator, Mapping

import dlt

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIX = "_set_aside"


def divided(
    item: Any,
    batch: pa.Table,
    broken: Mapping[int, str],
    table: str,
    moment: datetime,
) -> Iterator[Any]:
    """Yield the rows that keep the promises, then the others for the table beside.

    Args:
        item: Batch as the resource has yielded it: Arrow, a list of rows or a row.
        batch: The same rows as an Arrow table.
        broken: Broken promises of the rows to set aside, by their numbers, which rise.
        table: Name of the table.
        moment: When the load began.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(item, (list, dict)):
        rows = item if isinstance(item, list) else [item]
        yield [row for number, row in enumerate(rows) if number not in broken]
        aside = [rows[number] for number in broken]
    else:
        numbers = pa.array(broken, pa.int64())
        kept = pc.invert(pc.is_in(pa.array(range(len(batch))), value_set=numbers))
        yield batch.filter(kept)
        aside = batch.take(numbers).to_pylist()
    yield dlt.mark.with_hints(
        _table(aside, list(broken.values()), moment),
        dlt.mark.make_hints(
            table_name=f"{table}{SUFFIX}",
            primary_key="row_id",
            write_disposition="merge",
            # a variant starts with the resource's own hints
            columns={},
            merge_key="",
        ),
        create_table_variant=True,
    )


def _table(rows: list[Any], promises: list[str], moment: datetime) -> pa.Table:
    import pyarrow as pa

    texts = [json.dumps(row, default=str, ensure_ascii=False) for row in rows]
    # In a warehouse the same row is there once, however often it is read. A lake appends.
    ids = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    began = pa.scalar(moment, pa.timestamp("us", "UTC"))
    columns = {
        "row_id": pa.array(ids),
        "set_aside_at": pa.repeat(began, len(ids)),
        "broken_promise": pa.array(promises, pa.string()),
        "source_row": pa.array(texts, pa.string()),
    }
    table = pa.table(columns)
    return table.cast(table.schema.set(0, table.schema.field(0).with_nullable(False)))
