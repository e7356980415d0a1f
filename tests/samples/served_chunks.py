"""Server of a flow that loads chunks, and of `backfill`: each run is a process.

`python -m tests.samples.served_chunks <deployment>`. Each loaded chunk adds a line to
the file CHUNKS_LOADED. While a file of that name with the suffix `.hold` exists, the
chunk of 2024-01-02 hangs.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import date
from pathlib import Path

from prefect import flow, serve

from flows.backfill import backfill


@flow(name="load_served_chunk")
def load_served_chunk(first_day: date, last_day: date) -> None:
    loaded = Path(os.environ["CHUNKS_LOADED"])
    while str(first_day) == "2024-01-02" and loaded.with_suffix(".hold").exists():
        time.sleep(0.1)
    with loaded.open("a") as file:
        print(first_day, last_day, file=file)


if __name__ == "__main__":
    serve(
        load_served_chunk.to_deployment(sys.argv[1]),
        backfill.to_deployment(sys.argv[1]),
    )
