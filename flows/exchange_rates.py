"""Loads the European Central Bank's euro reference rates into the warehouse.

What into what: the ECB's history since 1999, one row for each day and currency, into
the table `exchange_rates`. When: daily at 16:30 Europe/Berlin, after the ECB's
publication at about 16:00. Again: safe at any time, only rows that are new or corrected
are merged on day and currency. When it fails: the message names what is wrong with the
file, and nothing of it was loaded; run it again when the ECB has mended it.
"""

from prefect import flow, task

from pipelines.exchange_rates import load_exchange_rates
from utils.artifacts import publish_report
from utils.command_line import run_from_command_line
from utils.load_report import LoadReport
from utils.observed_load import observed_load


@task(name="Load the ECB's rates into the warehouse")
def load(refresh: bool) -> LoadReport:
    with observed_load() as progress:
        return load_exchange_rates(refresh=refresh, progress=progress)


@flow(name="exchange_rates", timeout_seconds=15 * 60)
def exchange_rates(refresh: bool = False) -> LoadReport:
    """Load the European Central Bank's euro reference rates, 1999 to today.

    Args:
        refresh: Fetch the ECB's latest publication. Without it the history packaged
            with this repository is loaded, for which no network is needed.
    """
    return publish_report(load(refresh))


if __name__ == "__main__":
    run_from_command_line(exchange_rates)
