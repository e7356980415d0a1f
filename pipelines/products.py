"""The products' change feed into the warehouse, and a view of the products as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import dlt

from sources.products import products_source
from utils.destinations.pipelines import pipeline_into, type_of
from utils.destinations.views import View, free_name
from utils.loading.report import LoadReport
from utils.loading.run import run_pipeline

if TYPE_CHECKING:
    from dlt.common.runtime.collector_base import Collector
    from dlt.destinations.sql_client import SqlClientBase

# The last operation on a product counts, of two at the same time the later one in the
# feed. A product whose last operation is its deletion is left out.
CURRENT_PRODUCTS = """
SELECT {columns} FROM (
    SELECT {columns}, row_number() OVER (
        PARTITION BY product_id ORDER BY valid_ts DESC NULLS LAST, audit_id DESC
    ) AS {recency}
    FROM {table}
) AS changes
WHERE {recency} = 1 AND coalesce(operation, '') <> 'D'
"""


def load_products(
    full_refresh: bool = False, progress: Collector | None = None
) -> LoadReport:
    """Merge the changes since the last load into the table `products` on `audit_id`.

    Args:
        full_refresh: Read the whole table of the application, and replace the table.
        progress: Collector that follows the pipeline's steps.

    Raises:
        DatabaseError: The application's database cannot be read.
        UnexpectedTable: The application's table is missing, or lacks key or cursor.
        ValueDoesNotFit: A value is not one of its column's type.
    """
    pipeline = pipeline_into("warehouse", "products", progress=progress)
    with type_of(pipeline).keep_open(pipeline):
        report = run_pipeline(pipeline, products_source(full_refresh=full_refresh))
        create_current_products(pipeline)
    return report


def create_current_products(pipeline: dlt.Pipeline) -> None:
    """Create the view `current_products`, or update it to the table's columns."""
    columns = list(pipeline.default_schema.get_table_columns("products"))
    view = View("current_products", columns, _current_products)
    type_of(pipeline).replace_view(pipeline, view)


def _current_products(client: SqlClientBase[Any], columns: Sequence[str]) -> str:
    return CURRENT_PRODUCTS.format(
        table=client.make_qualified_table_name("products"),
        columns=", ".join(map(client.escape_column_name, columns)),
        # the application may have a column of that name
        recency=client.escape_column_name(free_name("recency", columns)),
    )
