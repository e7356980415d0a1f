"""A change feed, `raw_data.products`, as an application writes it."""

from __future__ import annotations

from datetime import datetime

from tests.servers.postgres import Database

CREATE = """
CREATE SCHEMA raw_data;
CREATE TABLE raw_data.products (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL,
    product_name text,
    price_usd numeric(18, 2),
    operation char(1) NOT NULL,
    valid_ts timestamptz NOT NULL
);
CREATE INDEX ON raw_data.products (valid_ts);
"""

# Several changes share a time, and one in ten is committed some seconds late.
ADD = """
INSERT INTO raw_data.products (product_id, product_name, price_usd, operation, valid_ts)
SELECT
    1 + (random() * 500)::int,
    CASE WHEN random() < 0.95 THEN 'Product ' || md5(random()::text) END,
    CASE WHEN random() < 0.95 THEN (random() * 1000)::numeric(18, 2) END,
    (ARRAY['I', 'U', 'U', 'U', 'D'])[1 + (random() * 4)::int],
    now() - (random() < 0.1)::int * interval '6 seconds' - mod(number, 3) * interval '1 second'
FROM generate_series(1, %s) AS number
"""

COLUMNS = "audit_id, product_id, product_name, price_usd, operation, valid_ts"


def create_change_feed(database: Database, rows: int = 0) -> Database:
    """Create the table, with this number of changes."""
    database.query(CREATE)
    add_changes(database, rows)
    return database


def add_changes(database: Database, rows: int) -> None:
    """Add changes of any kind, as of now."""
    database.query(ADD, rows)


def add_change(
    database: Database,
    product: int,
    operation: str,
    valid_ts: datetime | str,
    name: str | None = "Chair",
    price: str | None = "9.90",
) -> None:
    """Add one change."""
    database.query(
        "INSERT INTO raw_data.products"
        " (product_id, product_name, price_usd, operation, valid_ts)"
        " VALUES (%s, %s, %s, %s, %s)",
        *(product, name, price, operation, valid_ts),
    )


def changes(database: Database) -> list[tuple]:
    """Return all rows, in the order of their keys."""
    return database.query(f"SELECT {COLUMNS} FROM raw_data.products ORDER BY audit_id")
