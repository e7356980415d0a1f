"""redshift_export, run against a real Prefect server and a PostgreSQL that speaks for Redshift."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyarrow.parquet as pq

from flows.redshift_export import export, redshift_export
from tests.fakes.redshift import ResumingWorkgroup
from tests.repository.tree import ROOT
from tests.samples.passwords import everything_told, shows_no_part
from tests.servers.ports import free_port
from tests.servers.prefect_api import artifacts_of, flow_run_with, logs_of
from tests.servers.python import python
from tests.servers.waiting import end_the_time, until

# The two clocks are read before and after.
SLEEP = (
    "SELECT clock_timestamp() AS began, pg_sleep({})::text, clock_timestamp() AS ended"
)
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def table_of(lake, query: str) -> list[dict]:
    content = lake.files()[f"dev_exports/pets/{query}/{query}.parquet"]
    return pq.read_table(io.BytesIO(content)).to_pylist()


def end_the_time_once_three_sleep(redshift) -> None:
    until(lambda: redshift.query(SLEEPING) == [(3,)], "three queries")
    end_the_time()


def cancel_once_it_sleeps(redshift) -> None:
    until(lambda: redshift.query(SLEEPING) == [(1,)], "a query")
    redshift.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
        " WHERE wait_event = 'PgSleep'"
    )


def test_it_exports_every_query_and_publishes_what_it_did(
    prefect_api, redshift, queries, any_lake
):
    queries.add("cats", "SELECT i AS id FROM generate_series(1, 3) AS i")
    queries.add("dogs", "SELECT %(name)s AS name")

    state = redshift_export(
        folder="pets",
        parameters={"name": "Rex"},
        file_format="csv",
        return_state=True,
    )

    assert state.is_completed(), state.message
    cats, dogs = "pets/cats/cats.csv", "pets/dogs/name=Rex/dogs.csv"
    assert any_lake.files() == {
        f"dev_exports/{cats}": b'"id"\n1\n2\n3\n',
        f"dev_exports/{dogs}": b'"name"\n"Rex"\n',
    }
    run = state.state_details.flow_run_id
    artifacts = artifacts_of(run)
    assert artifacts["redshift-export-progress"]["data"] == 100
    files = json.loads(artifacts["redshift-export-files"]["data"])
    assert [(f["query"], f["rows"], f["size"]) for f in files] == [
        ("pets/cats", "3", "11 bytes"),
        ("pets/dogs", "1", "13 bytes"),
    ]
    assert [f["file"] for f in files] == [
        f"{any_lake.address}/dev_exports/{name}" for name in (cats, dogs)
    ]
    lines = [log.message for log in logs_of(run)]
    assert any(line.startswith("pets/cats: 3 rows into") for line in lines)
    assert "Exported 2 of 2 queries in pets: 4 rows" in "\n".join(lines)


def test_one_query_fails_the_others_are_exported(
    prefect_api, redshift, queries, local_lake
):
    queries.add("cats", "SELECT 'old' AS age")
    assert redshift_export(folder="pets", return_state=True).is_completed()
    queries.add("cats", "SELECT\n  nobody AS age")
    queries.add("dogs", "SELECT 'new' AS age")
    queries.add("mice", "SELECT 'new' AS age; SELECT 2")

    state = redshift_export(folder="pets", return_state=True)

    assert state.is_failed()
    assert "Exported 1 of 3 queries" in state.message
    assert 'cats.sql, line 2: column "nobody" does not exist' in state.message
    assert "mice.sql has more than one statement" in state.message
    assert table_of(local_lake, "cats") == [{"age": "old"}]
    assert table_of(local_lake, "dogs") == [{"age": "new"}]
    run = state.state_details.flow_run_id
    progress = artifacts_of(run)["redshift-export-progress"]
    assert progress["description"] == "Exported 1 of 3 queries"
    artifact = artifacts_of(run)["redshift-export-files"]
    assert [each["query"] for each in json.loads(artifact["data"])] == ["pets/dogs"]
    assert 'column "nobody" does not exist' in artifact["description"]
    # a wrong query stays wrong
    assert not any("Retry" in log.message for log in logs_of(run))


def test_no_part_of_a_password_is_shown(prefect_api, queries, local_lake, monkeypatch):
    setting = "SOURCES__REDSHIFT_EXPORT__CREDENTIALS"
    monkeypatch.setenv(setting, "redshift://reader:zq7@xk9/vj3@127.0.0.1/analytics")
    monkeypatch.setattr(export, "retry_delay_seconds", [0, 0, 0])
    queries.add("cats", "SELECT 1 AS a")

    state = redshift_export(folder="pets", return_state=True)

    assert state.is_failed()
    assert "@ as %40, / as %2F, % as %25." in state.message
    assert f"It comes from {setting}: fix it" in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    error = state.result(raise_on_failure=False)
    assert shows_no_part("\n".join((*lines, state.message, everything_told(error))))


def test_a_redshift_that_is_away_is_tried_again(
    prefect_api, queries, local_lake, monkeypatch
):
    url = f"redshift://reader:s3cret@127.0.0.1:{free_port()}/analytics"
    monkeypatch.setenv("SOURCES__REDSHIFT_EXPORT__CREDENTIALS", url)
    monkeypatch.setattr(export, "retry_delay_seconds", [0, 0, 0])
    queries.add("cats", "SELECT 1 AS a")

    state = redshift_export(folder="pets", return_state=True)

    assert state.is_failed()
    assert "Connection refused" in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert len([each for each in lines if re.search("Retry .* will start", each)]) == 3
    assert "s3cret" not in "\n".join(lines)


def test_a_workgroup_that_resumes_is_tried_again(
    prefect_api, redshift, queries, local_lake, monkeypatch
):
    workgroup = ResumingWorkgroup()
    monkeypatch.setattr("psycopg2.connect", workgroup.connect)
    monkeypatch.setattr(export, "retry_delay_seconds", [0, 0, 0])
    queries.add("cats", "SELECT 1 AS a")

    state = redshift_export(folder="pets", return_state=True)

    assert state.is_completed(), state.message
    assert workgroup.sessions == 2
    assert table_of(local_lake, "cats") == [{"a": 1}]


def test_a_query_that_a_person_cancels_is_told_at_once(
    prefect_api, redshift, queries, local_lake
):
    queries.add("cats", SLEEP.format(600))

    with ThreadPoolExecutor() as pool:
        cancelling = pool.submit(cancel_once_it_sleeps, redshift)
        state = redshift_export(folder="pets", return_state=True)

    cancelling.result()
    assert state.is_failed()
    assert "cats.sql: canceling statement due to user request" in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert not any("Retry" in line for line in lines)


def test_nothing_runs_before_all_is_there(prefect_api, queries, local_lake):
    """Leave out Redshift's credentials and the second query's parameter."""
    queries.add("cats", "SELECT 1 AS a")
    queries.add("dogs", "SELECT %(since)s AS a")

    states = [
        redshift_export(folder="pets", return_state=True, **options)
        for options in ({}, {"parameters": {"since": 1, "typo": 2}})
    ]
    states.append(
        redshift_export(folder="pets", parameters={"since": 1}, return_state=True)
    )

    assert all(state.is_failed() for state in states)
    for state, message in zip(
        states,
        ["dogs.sql needs a value for since", "uses typo", "credentials lacks database"],
    ):
        assert message in state.message
        artifact = artifacts_of(state.state_details.flow_run_id)
        assert message in artifact["redshift-export-progress"]["description"]
    assert local_lake.files() == {}


def test_three_queries_run_at_once(prefect_api, redshift, queries, local_lake):
    names = ("cats", "dogs", "hens", "mice")
    for name in names:
        queries.add(name, SLEEP.format(2))
    assert redshift_export(folder="pets", return_state=True).is_completed()
    times = [table_of(local_lake, name)[0] for name in names]
    began: list[datetime] = sorted(each["began"] for each in times)
    ended: list[datetime] = sorted(each["ended"] for each in times)
    assert began[2] < ended[0] < began[3]


def test_a_run_whose_time_is_up_ends_its_queries(
    prefect_api, redshift, queries, local_lake
):
    for name in ("cats", "dogs", "hens", "mice"):
        queries.add(name, SLEEP.format(600))
    flow = redshift_export.with_options(timeout_seconds=500)

    with ThreadPoolExecutor() as pool:
        ending = pool.submit(end_the_time_once_three_sleep, redshift)
        state = flow(folder="pets", return_state=True)

    ending.result()
    assert state.name == "TimedOut"
    assert redshift.query(SLEEPING) == [(0,)]
    assert local_lake.files() == {}


def test_a_run_that_is_terminated_ends_its_queries(
    prefect_api, redshift, queries, local_lake
):
    queries.add("cats", SLEEP.format(600))
    script = (
        "import sys, pathlib, sources.redshift.sql_files as files;"
        "files.FOLDERS = pathlib.Path(sys.argv.pop(1));"
        "from flows.redshift_export import *; run_from_command_line(redshift_export)"
    )
    run = subprocess.Popen(
        [python(), "-c", script, queries.folder.parent, "--folder", "pets"],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        line = next(line for line in run.stdout if "View at" in line)
        run_id = re.search(r"flow-run/([\w-]+)", line)[1]
        while redshift.query(SLEEPING) != [(1,)]:
            assert run.poll() is None
            time.sleep(0.1)
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=60)
    finally:
        run.kill()

    assert run.returncode != 0
    assert flow_run_with(run_id)["state_type"] == "CRASHED", output
    assert redshift.query(SLEEPING) == [(0,)]
