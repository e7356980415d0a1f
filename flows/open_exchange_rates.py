"""Open Exchange Rates' currencies and rates into the lake.

What: appends the latest rates to `rates`, as a file that Snowpipe takes, and replaces
`currencies`. With `first_day` and `last_day` it appends the closing rates of these days
instead, a file for every ten. When: daily; a range on demand, or in chunks with the flow
`backfill`: one at a time on a plan with few requests, which each chunk counts by itself.
Again: safe at any time, what is in the lake is not fetched again. Should a run be killed
just after it has sent a file, the same rates may come once more in a second file: the view
`daily_rates` shows each once. When it fails: the message says what is wrong with the key,
the plan's requests, the API or the lake. Connections were tried again already.
"""

from datetime import date

from prefect import flow

from pipelines.open_exchange_rates import load_open_exchange_rates
from utils.loading.report import LoadReport
from utils.runs.artifacts import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task


@load_task(name="Load Open Exchange Rates into the lake")
def load(first_day: date | None, last_day: date | None) -> LoadReport:
    with observed_load() as progress:
        return load_open_exchange_rates(first_day, last_day, progress=progress)


@flow(name="open_exchange_rates", timeout_seconds=60 * 60)
def open_exchange_rates(
    *, first_day: date | None = None, last_day: date | None = None
) -> LoadReport:
    """Append Open Exchange Rates' latest rates, or those of a range of days, to the lake.

    Args:
        first_day: Load the closing rates from this day on instead of the latest rates.
        last_day: The last day of that range. It must be over, in UTC.
    """
    return publish(load(first_day, last_day))


if __name__ == "__main__":
    run_from_command_line(open_exchange_rates)
