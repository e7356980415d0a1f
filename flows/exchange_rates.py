"""Loads the European Central Bank's euro reference rates into the warehouse.

What: the ECB's history since 1999, a row per day and currency, into the table
`exchange_rates`.

When: daily with `refresh`, after the ECB's publication at about 16:00 Central European
Time.

Again: safe at any time. Only new and corrected rows are sent, and merged on day and
currency.

When it fails: nothing was loaded. The message says what is wrong with the file, the
ECB's server or the warehouse. Fix that and run it again. A history older than the
warehouse's is refused: after a load with `refresh`, always load with `refresh`.
"""

from prefect import flow

from pipelines.exchange_rates import load_exchange_rates
from utils.errors.redacted import redacted_errors
from utils.loading.report import LoadReport
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task
from utils.runs.run_names import flow_run_name


@load_task(name="Load the ECB's rates into the warehouse")
def load(refresh: bool) -> LoadReport:
    with observed_load() as progress:
        return load_exchange_rates(refresh=refresh, progress=progress)


@flow(name="exchange_rates", flow_run_name=flow_run_name, timeout_seconds=60 * 60)
@redacted_errors
def exchange_rates(*, refresh: bool = False) -> LoadReport:
    """Load the European Central Bank's euro reference rates since 1999.

    Args:
        refresh: Fetch the ECB's latest publication. Without it the history packaged
            with the dependencies is loaded, which needs no network and is refused once
            the warehouse has newer days.
    """
    return publish(load(refresh))


if __name__ == "__main__":
    run_from_command_line(exchange_rates)
