"""The sample database: the README's command, run for real in a copy of the repository."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.repository.tree import ROOT
from tests.servers.duckdb_warehouse import query
from tests.servers.python import python

COMMAND = "uv run python -m infrastructure.sample_database"


def run_it(clone: Path) -> str:
    done = subprocess.run(
        [python(), *COMMAND.split()[3:]],
        cwd=clone,
        env=os.environ | {"DLT_PROJECT_DIR": str(clone)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_rows(output: str) -> list[int]:
    rows = re.findall(r"│?\s*products\s+([\d,]+) ", output)
    return [int(number.replace(",", "")) for number in rows]


def test_the_command_shows_incremental_loading(prefect_api, clone):
    readme = (ROOT / "README.md").read_text()
    assert COMMAND in readme
    warehouse = clone / "warehouse.duckdb"

    everything, changed = loaded_rows(run_it(clone))

    assert f"{everything:,} rows" in readme
    # The new ones, and those of the day before once more. Times are random: a few rows of
    # one more day may be less than a day older than the latest change.
    assert 2_000 <= changed < 2_050
    changes = "SELECT count(*), count(DISTINCT audit_id) FROM dev_products.products"
    assert query(warehouse, changes) == [(111_000, 111_000)]
    ((products, deleted),) = query(
        warehouse,
        """
        SELECT count(*), (SELECT count(DISTINCT product_id) FROM dev_products.products)
            - count(*)
        FROM dev_products.current_products
        """,
    )
    assert products > 10_000
    assert deleted > 100

    (changed,) = loaded_rows(run_it(clone))
    assert 2_000 <= changed <= 4_000
    assert query(warehouse, changes) == [(112_000, 112_000)]
    assert (clone / ".sample_database").stat().st_mode & 0o077 == 0


def test_what_it_leaves_behind_is_ignored():
    ignored = ["git", "check-ignore", "-q", ".sample_database/PG_VERSION"]
    assert subprocess.run(ignored, cwd=ROOT).returncode == 0
