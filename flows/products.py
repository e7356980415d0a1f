"""Loads the change feed of an application's products into the warehouse.

What: PostgreSQL's `raw_data.products`, a row for each insert, update and deletion of a
product, into the table `products`. The view `current_products` shows the latest state
of each product, without the deleted ones.

When: daily. If rows are missing that were dated or committed more than a day late
(`lag_hours` in `.dlt/config.toml`), run it once with `full_refresh`. The table is
replaced in one transaction, and the replacement refused if far fewer rows come than it
has.

Again: safe at any time. Rows are merged on `audit_id`.

When it fails: the message says what is wrong with the application's database, its table
or the warehouse. Connections and locks were retried already. Fix the cause and run it
again: it continues where it stopped.
"""

from prefect import flow

from pipelines.products import load_products
from utils.errors.redacted import redacted_errors
from utils.loading.report import LoadReport
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task
from utils.runs.run_names import flow_run_name


@load_task(name="Load the products' changes into the warehouse")
def load(full_refresh: bool) -> LoadReport:
    with observed_load() as progress:
        return load_products(full_refresh=full_refresh, progress=progress)


@flow(name="products", flow_run_name=flow_run_name, timeout_seconds=2 * 60 * 60)
@redacted_errors
def products(*, full_refresh: bool = False) -> LoadReport:
    """Load the changes of an application's products, and show their latest state.

    Args:
        full_refresh: Read the whole table instead of the changes since the last run, and
            replace the warehouse's table.
    """
    return publish(load(full_refresh))


if __name__ == "__main__":
    run_from_command_line(products)
