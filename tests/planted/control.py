"""A run that shows its secrets everywhere. Nothing of the project's is imported."""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.parse

import dlt
from prefect import flow, get_run_logger, tags, task
from prefect.artifacts import create_table_artifact
from prefect.events import emit_event

TOKEN = os.environ["SOURCES__HUBSPOT__ACCESS_TOKEN"]


@task(persist_result=True)
def load() -> str:
    pipeline = dlt.pipeline("control", destination=dlt.destination("warehouse"))
    pipeline.run([{"token": TOKEN}], table_name="tokens")
    pipeline.extract([{"token": TOKEN}], table_name="more")
    return TOKEN


@flow
def control() -> None:
    load()
    print(json.dumps(TOKEN))
    get_run_logger().info(urllib.parse.quote(TOKEN, safe=""))
    create_table_artifact(table=[{"token": TOKEN}], key="control")
    emit_event("control", resource={"prefect.resource.id": f"control.{TOKEN}"})
    time.sleep(0.3)  # the process list is read now and then
    encoded = base64.b64encode(f"user:{TOKEN}".encode()).decode()
    raise ValueError(f"shown on purpose: {encoded}")


if __name__ == "__main__":
    with tags(os.environ["PLANTED_TAGS"]):
        control()
