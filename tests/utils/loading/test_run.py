"""The run of a pipeline: recovery, state from the destination, failures, the report."""

from __future__ import annotations

import shutil
import subprocess
import sys

import dlt
import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from tests.samples.pets import killed_run, pets, pets_pipeline, rows, runs
from utils.loading.run import run_pipeline


def nothing() -> dlt.sources.DltSource:
    """The same source on a day without pets."""
    source = pets({"name": "nobody"})
    source.pets.add_map(lambda table: None)
    return source


def test_the_report_tells_what_was_loaded(warehouse):
    report = run_pipeline(pets_pipeline(), pets({"name": "Rex", "legs": 4}))

    assert (report.pipeline, report.dataset) == ("pets", "dev_pets")
    assert (report.destination_type, report.place) == ("duckdb", str(warehouse))
    assert [(t.name, t.rows) for t in report.tables] == [("pets", 1)]
    assert report.tables[0].bytes > 0
    assert report.tables[0].schema_changes == (
        ("new table", ("name (text)", "legs (bigint)")),
    )
    assert len(report.load_ids) == 1
    assert report.recovered_load_ids == ()
    assert 0 < report.seconds < 60


@pytest.mark.parametrize("killed_after", ["extract", "normalize"])
def test_what_a_killed_run_left_is_loaded_first(warehouse, killed_after):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    killed_run(f"dlt:Pipeline.{killed_after}", {"name": "Tom"})

    report = run_pipeline(pets_pipeline(), pets({"name": "Ada"}))

    assert [name for (name,) in rows(warehouse)] == ["Ada", "Rex", "Tom"]
    assert len(report.recovered_load_ids) == len(report.load_ids) == 1
    assert report.rows == 2
    assert "which an interrupted run had left" in str(report)


def test_a_run_that_only_finishes_an_interrupted_one_says_so(warehouse):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    killed_run("dlt:Pipeline.normalize", {"name": "Tom"})

    report = run_pipeline(pets_pipeline(), nothing())

    assert rows(warehouse) == [("Rex",), ("Tom",)]
    assert report.summary.startswith("Loaded 1 rows into dev_pets")


def test_ctrl_c_while_an_interrupted_run_is_finished_ends_this_one(
    warehouse, monkeypatch
):
    """Do not read the source while the container is being stopped."""
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    killed_run("dlt:Pipeline.normalize", {"name": "Tom"})

    with monkeypatch.context() as patch:

        def interrupted(pipeline):
            patch.undo()  # another load would succeed
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as signal:
                # as DuckDB answers a signal during a query
                raise RuntimeError("Query interrupted") from signal

        patch.setattr(dlt.Pipeline, "load", interrupted)
        with pytest.raises(RuntimeError, match="Query interrupted"):
            run_pipeline(pets_pipeline(), pets({"name": "Ada"}))
    assert rows(warehouse) == [("Rex",)]


def test_after_a_lost_connection_the_next_run_finishes_the_interrupted_one(
    warehouse, monkeypatch
):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    killed_run("dlt:Pipeline.normalize", {"name": "Tom"})

    def lost(pipeline):
        raise ConnectionError("reset by peer")

    with monkeypatch.context() as patch:
        patch.setattr(dlt.Pipeline, "load", lost)
        with pytest.raises(ConnectionError):
            run_pipeline(pets_pipeline(), pets({"name": "Ada"}))
    assert rows(warehouse) == [("Rex",)]

    report = run_pipeline(pets_pipeline(), pets({"name": "Ada"}))
    assert len(report.recovered_load_ids) == 1
    assert rows(warehouse) == [("Ada",), ("Rex",), ("Tom",)]


def test_a_fresh_container_goes_on_with_the_state_in_the_destination(
    warehouse, tmp_path
):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    shutil.rmtree(tmp_path / "pipelines")

    report = run_pipeline(pets_pipeline(), pets({"name": "Tom"}))

    assert [name for (name,) in rows(warehouse)] == ["Rex", "Tom"]
    assert report.tables[0].schema_changes == ()
    assert runs() == 2


def test_a_failed_load_job_fails_the_run(warehouse):
    run_pipeline(pets_pipeline(), pets({"name": "Rex", "legs": 4}))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("ALTER TABLE dev_pets.pets DROP COLUMN legs")

    with pytest.raises(PipelineStepFailed, match="legs") as error:
        run_pipeline(pets_pipeline(), pets({"name": "Tom", "legs": 4}))

    assert error.value.__cause__ is not None

    assert rows(warehouse) == [("Rex",)]


def test_no_other_process_comes_between_the_steps(warehouse):
    def look_from_another_process(table):
        script = f"import duckdb; duckdb.connect(r'{warehouse}')"
        command = [sys.executable, "-c", script]
        others.append(subprocess.run(command, capture_output=True).stderr)
        return table

    others: list[bytes] = []
    source = pets({"name": "Rex"})
    source.pets.add_map(look_from_another_process)
    run_pipeline(pets_pipeline(), source)
    assert [b"Conflicting lock" in each for each in others] == [True]
