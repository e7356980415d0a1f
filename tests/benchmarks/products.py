"""`products`, a million rows from PostgreSQL into DuckDB, against a limit and peers.

The limit is PostgreSQL's `COPY` to a CSV file and DuckDB's `read_csv`. The peers are
dlt's own `sql_table` with ConnectorX and with pandas, and ingestr; they are installed
into environments of their own, which takes the network. `--documented` adds `sql_table`
as its documentation starts, which takes minutes for each run. Goals: inside the run
1.25 times the limit, the whole process without Prefect twice, ahead of every peer; a
merge of a million changed rows into a million at most 1.25 times a replace of the same
rows; memory for ten million rows at most 1.2 times that for one, and below 512 MiB with
Prefect.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Iterator

import psycopg2

from tests.benchmarks.processes import Alternative, empty, interleaved, python, report
from tests.servers.ports import free_port
from tests.servers.postgres import Database, new_database, running_postgres
from tests.servers.prefect import running_server

ROUNDS = 3
MILLION = 1_000_000

FILL = """
CREATE SCHEMA IF NOT EXISTS raw_data;
DROP TABLE IF EXISTS raw_data.products;
CREATE TABLE raw_data.products (
    audit_id bigint PRIMARY KEY, product_id bigint NOT NULL, product_name text,
    price_usd numeric(18, 2), operation char(1) NOT NULL, valid_ts timestamptz NOT NULL
);
INSERT INTO raw_data.products
SELECT
    number, mod(number, 200000), 'Product number ' || number || ' ' || md5(number::text),
    (random() * 1000)::numeric(18, 2), (ARRAY['I', 'U', 'U', 'U', 'D'])[1 + mod(number, 5)],
    timestamptz '2024-01-01' + number * interval '1 second'
FROM generate_series(1, %s) AS number;
CREATE INDEX ON raw_data.products (valid_ts);
"""

LIMIT = """
import time
started = time.monotonic()
import duckdb, psycopg2
begun = time.monotonic()
with psycopg2.connect("{url}") as connection, open("{folder}/limit.csv", "wb") as file:
    copy = "COPY raw_data.products TO STDOUT (FORMAT csv, HEADER)"
    connection.cursor().copy_expert(copy, file)
with duckdb.connect("{folder}/limit.duckdb") as warehouse:
    warehouse.execute('''
        CREATE TABLE products AS FROM read_csv("{folder}/limit.csv", columns = {{
            audit_id: 'BIGINT', product_id: 'BIGINT', product_name: 'VARCHAR',
            price_usd: 'DECIMAL(18, 2)', operation: 'VARCHAR', valid_ts: 'TIMESTAMPTZ'
        }})
    ''')
print("inside", time.monotonic() - begun)
"""

# The time inside the run, as that of the limit, excludes imports.
OURS = """
import dlt.common.libs.pyarrow, dlt.destinations.impl.duckdb.duck
import duckdb, psycopg2, pyarrow.csv, pyarrow.parquet
from pipelines.products import load_products
print("inside", load_products({arguments}).seconds)
"""

SQL_TABLE = """
import dlt
from dlt.sources.sql_database import sql_table
pipeline = dlt.pipeline("peer", destination="duckdb", dataset_name="products")
pipeline.run(sql_table("{url}", "products", schema="raw_data"{backend}))
"""


def main() -> None:
    with filled_source(MILLION) as (source, folder):
        compare_processes(source, folder)
        compare_memory(source, folder)
        # last, because in this process: a child's peak includes its parent's
        compare_merge_and_replace(source, folder)


@contextmanager
def filled_source(rows: int) -> Iterator[tuple[Database, Path]]:
    """Yield a database with changes, and a folder for all else."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("PREFECT_API_URL", "PREFECT_HOME"):
            os.environ.pop(name, None)
        with running_postgres(folder / "postgres") as postgres:
            source = new_database(postgres)
            fill(source, rows)
            yield source, folder


def fill(source: Database, rows: int) -> None:
    """Add changes of 200,000 products."""
    source.query(FILL, rows)
    source.query("VACUUM ANALYZE raw_data.products")


def settings(source: Database, data: Path) -> dict[str, str]:
    return {
        "SOURCES__PRODUCTS__CREDENTIALS": source.url,
        "DLT_LOCAL_DIR": str(data),
        "PIPELINES_DIR": str(data / "pipelines"),
    }


def compare_processes(source: Database, folder: Path) -> None:
    data, scratch = folder / "data", folder / "scratch"

    def prepare() -> None:
        empty(data)
        empty(scratch)

    limit = Alternative(
        "the limit: COPY to CSV, read_csv",
        python(LIMIT.format(url=source.url, folder=scratch)),
        prepare,
    )
    ours = Alternative("products", python(OURS.format(arguments="")), prepare)
    peers = installed_peers(source, folder, scratch, prepare)
    environment = settings(source, data)
    interleaved([limit, ours, *peers], ROUNDS, environment)
    report([limit, ours, *peers])
    inside = ours.median_inside / limit.median_inside
    whole = ours.median_seconds / limit.median_seconds
    print(f"products: {inside:.2f} times the limit inside the run, {whole:.2f} in all")
    for peer in peers:
        ratio = peer.median_seconds / ours.median_seconds
        print(f"{peer.name}: {ratio:.1f} times products")
    print(flush=True)


def installed_peers(
    source: Database, folder: Path, scratch: Path, prepare
) -> list[Alternative]:
    """Install each peer in its own environment, without this project's pins."""
    dlt = folder / "dlt"
    _install(
        dlt,
        f"dlt[duckdb,parquet,sql_database]=={version('dlt')}",
        f"duckdb=={version('duckdb')}",
        *("connectorx", "pandas", "psycopg[binary]"),
    )
    ingestr = folder / "ingestr"
    _install(ingestr, "ingestr==0.13.*")
    backends = {
        "sql_table with ConnectorX": ', backend="connectorx"',
        "sql_table with pandas": ', backend="pandas"',
    }
    if "--documented" in sys.argv:
        backends["sql_table as documented"] = ""
    peers = [
        Alternative(
            name,
            _in_scratch(
                scratch,
                [
                    str(dlt / "bin" / "python"),
                    "-c",
                    SQL_TABLE.format(url=source.url, backend=backend),
                ],
            ),
            prepare,
        )
        for name, backend in backends.items()
    ]
    command = [str(ingestr / "bin" / "ingestr"), "ingest", "--yes"]
    command += ["--source-uri", source.url, "--source-table", "raw_data.products"]
    command += ["--dest-uri", f"duckdb:///{scratch}/ingestr.duckdb"]
    command += ["--dest-table", "main_copy.products"]
    return [*peers, Alternative("ingestr", _in_scratch(scratch, command), prepare)]


def _in_scratch(scratch: Path, command: list[str]) -> list[str]:
    """Return a command that runs with `scratch` as its home, without telemetry."""
    script = """
        cd "$0"
        export HOME="$0" PIPELINES_DIR="$0/pipelines" DLT_LOCAL_DIR="$0"
        export RUNTIME__DLTHUB_TELEMETRY=false INGESTR_DISABLE_TELEMETRY=true
        exec "$@"
    """
    return ["sh", "-c", script, str(scratch), *command]


def _install(environment: Path, *packages: str) -> None:
    command = ["uv", "venv", "-q", "-p", sys.executable, str(environment)]
    subprocess.run(command, check=True)
    interpreter = str(environment / "bin" / "python")
    command = ["uv", "pip", "install", "-q", "--compile-bytecode", "-p", interpreter]
    subprocess.run([*command, *packages], check=True)


def compare_merge_and_replace(source: Database, folder: Path) -> None:
    """Merge, then replace, a million changed rows in one process."""
    data = folder / "merge"
    empty(data)
    fill(source, MILLION)
    os.environ.update(settings(source, data))
    from pipelines.products import load_products

    load_products()
    merges, replaces = [], []
    for _ in range(ROUNDS + 1):
        with closing(psycopg2.connect(source.url)) as connection:
            connection.cursor().execute(
                "UPDATE raw_data.products SET price_usd = price_usd + 1, valid_ts = now()"
            )
            connection.commit()
        source.query("VACUUM FULL raw_data.products")
        merge = load_products()
        replace = load_products(full_refresh=True)
        assert merge.rows == replace.rows == MILLION
        merges.append(merge.seconds)
        replaces.append(replace.seconds)
    ratio = median(merges[1:]) / median(replaces[1:])
    print(
        f"{median(merges[1:]):7.2f} s  merge of a million changed rows into a million"
    )
    print(f"{median(replaces[1:]):7.2f} s  replace of the same rows")
    print(f"merge: {ratio:.2f} times a replace")


def compare_memory(source: Database, folder: Path) -> None:
    """Compare the memory of `python -m flows.products` for one and ten million rows."""
    data = folder / "memory"
    flow = [sys.executable, "-m", "flows.products"]
    api_url = f"http://127.0.0.1:{free_port()}/api"
    with running_server(folder / "server", api_url):
        environment = settings(source, data) | {
            "PREFECT_API_URL": api_url,
            "PREFECT_HOME": str(folder / "home"),
        }
        peaks = []
        for rows in (MILLION, 10 * MILLION):
            fill(source, rows)
            run = Alternative(
                f"python -m flows.products, {rows:,} rows", flow, lambda: empty(data)
            )
            interleaved([run], 1, environment)
            report([run])
            peaks.append(median(run.peak_mib))
    print(f"memory: {peaks[1] / peaks[0]:.2f} times for ten times the rows\n")


if __name__ == "__main__":
    main()
