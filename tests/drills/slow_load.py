"""Flows that load rows for as long as they are told to."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, Any, Iterator

import dlt
from prefect import flow

from utils.destinations.pipelines import pipeline_into
from utils.loading.report import LoadReport
from utils.loading.run import run_pipeline
from utils.runs.artifacts.reports import publish
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task

if TYPE_CHECKING:
    from dlt.extract import DltSource

ROWS = 1_000
"""Rows of a run, whose keys begin where those of the run before end."""


@flow(name="slow_load", timeout_seconds=60 * 60)
def slow_load(dataset: str, number: int, seconds: float) -> None:
    """Load the rows of a run, by its number, within about so many seconds."""
    publish(load(dataset, number, seconds))


@flow(name="slow_day", timeout_seconds=60 * 60)
def slow_day(dataset: str, first_day: date, last_day: date, seconds: float) -> None:
    """Load a day's rows into a dataset of its own, because days load side by side."""
    publish(load(day_dataset(dataset, first_day), first_day.toordinal(), seconds))


def day_dataset(dataset: str, day: date) -> str:
    """Return the name of a day's dataset."""
    return f"{dataset}_{day:%Y%m%d}"


@load_task(name="Load slowly")
def load(dataset: str, number: int, seconds: float) -> LoadReport:
    with observed_load() as progress:
        pipeline = pipeline_into("warehouse", dataset, progress=progress)
        return run_pipeline(pipeline, numbers(number, seconds))


@dlt.source(name="drill")
def numbers(number: int, seconds: float) -> DltSource:
    @dlt.resource(primary_key="id", write_disposition="merge")
    def rows() -> Iterator[list[dict[str, Any]]]:
        pages = 20
        for page in range(pages):
            first = number * ROWS + page * ROWS // pages
            yield [{"id": first + each} for each in range(ROWS // pages)]
            time.sleep(seconds / pages)

    return rows  # type: ignore[return-value]
