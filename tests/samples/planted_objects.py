"""Objects on a Prefect server that a page must neither read nor change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.local_server import RunningServer
from tests.servers.waiting import until

# In each object that a page tries to read.
SECRET = "zq7xk9-read-by-a-page"  # kingfisher:ignore
POOL = "attacked"
TEMPLATE = {
    "variables": {
        "type": "object",
        "properties": {"command": {"type": "string", "default": "true"}},
    },
    "job_configuration": {"command": "{{ command }}"},
}


def plant(server: RunningServer) -> dict[str, str]:
    """Create one object of each kind, and return their names and ids."""

    def create(path: str, content: dict[str, Any]) -> str:
        return server.ask("POST", path, content)["id"]

    pool = {"name": POOL, "type": "process", "base_job_template": TEMPLATE}
    create("/work_pools/", pool)
    flow = create("/flows/", {"name": f"flow {SECRET}"})
    deployment = {
        "name": "attacked",
        "flow_id": flow,
        "work_pool_name": POOL,
        "parameters": {"secret": SECRET},
    }
    run = create("/flow_runs/", {"flow_id": flow, "name": SECRET})
    line = {"name": "attacked", "level": 20, "message": SECRET, "flow_run_id": run}
    server.ask("POST", "/logs/", [line | {"timestamp": "2026-11-01T00:00:00Z"}])
    variable = {"name": "attacked", "value": SECRET}
    create("/variables/", variable)
    artifact = {"key": "attacked", "type": "markdown", "data": SECRET}
    block_type, schema = _kind_of_secrets(server)
    block = {
        "name": "attacked",
        "block_type_id": block_type,
        "block_schema_id": schema,
        "data": {"value": SECRET},
    }
    return {
        "flow": flow,
        "run": run,
        "deployment": create("/deployments/", deployment),
        "artifact": create("/artifacts/", artifact),
        "block": create("/block_documents/", block),
        "block_name": "attacked",
        "block_type": block_type,
        "block_schema": schema,
        "variable": "attacked",
        "pool": POOL,
        "port": server.port,
        "stolen": str(server.home / "stolen"),
        "tomorrow": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }


def _kind_of_secrets(server: RunningServer) -> tuple[str, str]:
    """Return the ids of Prefect's type of secret blocks and of its schema.

    The server creates them after its start.
    """

    def look() -> list[dict[str, Any]]:
        types = {"block_types": {"slug": {"any_": ["secret"]}}}
        (found,) = server.ask("POST", "/block_types/filter", types) or [None]
        only = {"block_type_id": {"any_": [found["id"]]}} if found else {}
        return found and server.ask(
            "POST", "/block_schemas/filter", {"block_schemas": only}
        )

    schema = until(look, "Prefect's own types of blocks")[0]
    return schema["block_type_id"], schema["id"]
