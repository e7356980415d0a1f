"""Exports the results of queries on Redshift, each into a file of the lake.

What: each `.sql` file of a folder in `sources/redshift/queries` into a Parquet or CSV
file. A query with parameters has a file for each choice of their values. Redshift keeps
a result on its leader node until it is fetched: use its UNLOAD for very large ones.

When: on demand, or by a deployment for a folder.

Again: safe at any time. A file is replaced only by a whole one.

When it fails: the message names each failed query, its line, and Redshift's answer. The
other queries are exported. Connections were retried already. Correct the query or its
parameters and run it again.
"""

from typing import Annotated, Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, WithJsonSchema

from pipelines.redshift_export import export_query, prepare_export
from sources.redshift.sql_files import Query, Value, folder_names
from utils.errors.redacted import redacted_errors
from utils.export.arrow_files import FileFormat
from utils.export.progress import outcomes_of
from utils.export.report import ExportedFile, ExportReport
from utils.export.running_queries import queries_end_here
from utils.runs.artifacts.progress import failure_is_shown
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_task import load_task
from utils.runs.logging import run_log
from utils.runs.run_names import flow_run_name
from utils.settings.errors import plain_configuration_errors

QUERIES_AT_ONCE = 3


# For the form in Prefect's UI. An unknown folder is named by the run, too.
FOLDER_SCHEMA: dict[str, Any] = {"type": "string", "maxLength": 100}
if folders := folder_names():
    FOLDER_SCHEMA["enum"] = folders


@load_task(name="Prepare the export")
def prepare(folder: str, parameters: dict[str, Value]) -> list[Query]:
    with failure_is_shown(), plain_configuration_errors():
        return prepare_export(folder, parameters)


@load_task(task_run_name="Export {query.name}")
def export(query: Query, file_format: FileFormat) -> ExportedFile:
    with run_log():
        return export_query(query, file_format)


@flow(
    name="redshift_export",
    flow_run_name=flow_run_name,
    timeout_seconds=4 * 60 * 60,
    # Prefect declares a type that its own task runners do not fit.
    task_runner=ThreadPoolTaskRunner(QUERIES_AT_ONCE),  # type: ignore[arg-type]
)
@redacted_errors
def redshift_export(
    *,
    folder: Annotated[
        str, Field(max_length=100), WithJsonSchema(FOLDER_SCHEMA)
    ] = "inventory",
    parameters: dict[str, Value] | None = None,
    file_format: FileFormat = "parquet",
) -> ExportReport:
    """Export the results of queries on Redshift as Parquet or CSV files.

    Args:
        folder: Folder of queries in sources/redshift/queries, all of which are run.
        parameters: Values of the queries' parameters, as JSON, {"since": "2026-12-31"}.
        file_format: Format of the files. Parquet keeps types, csv is for spreadsheets.
    """
    queries = prepare(folder, parameters or {})
    with queries_end_here():
        runs = {query.name: export.submit(query, file_format) for query in queries}
        outcomes = outcomes_of(runs)
    report = publish(ExportReport.of(folder, outcomes))
    report.raise_if_failed()
    return report


if __name__ == "__main__":
    run_from_command_line(redshift_export)
