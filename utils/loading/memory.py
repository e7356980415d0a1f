"""Memory of a load: Arrow gives back what it does not need any more.

What else limits memory stands with what needs it: `MEMORY_LIMIT` of DuckDB in
`utils.destinations.duckdb`, one row group at a time for PostgreSQL in
`utils.dlt_internals`, `CHUNK_BYTES` of a read in `sources.postgres.copy_to_arrow`.
"""

from __future__ import annotations

import os


def give_memory_back() -> None:
    """Let Arrow use the system's allocator, unless the environment names another.

    Arrow's own keeps some hundred megabytes that were needed for a moment. Arrow reads the
    variable when it is imported. The Dockerfile sets it, too, because it may be imported
    before this.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
