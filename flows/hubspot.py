"""Loads the contacts, companies and deals of a HubSpot account into the warehouse.

What: records of the HubSpot CRM into the tables `contacts`, `companies` and `deals`,
archived ones marked, and their associations into `contacts__companies`,
`deals__companies` and `deals__contacts`.

When: daily. HubSpot does not report some changes, which only a `full_refresh` finds: an
association that changed while no property of its contact or deal did, a record that was
deleted for good or merged into another one, and the values of a property that was added
to `.dlt/config.toml`. A full refresh reads all records and replaces each table in one
transaction. It is refused if far fewer records come than a table has.

Again: safe at any time. Records are merged on `id`.

When it fails: nothing was loaded. The message says what HubSpot answered. Lost
connections and exceeded limits were retried already, except the account's daily limit.
Fix the cause and run it again: it continues where it stopped.
"""

from prefect import flow

from pipelines.hubspot import load_hubspot
from utils.errors.redacted import redacted_errors
from utils.loading.report import LoadReport
from utils.runs.artifacts.reports import publish
from utils.runs.command_line import run_from_command_line
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task
from utils.runs.run_names import flow_run_name


@load_task(name="Load HubSpot's records into the warehouse")
def load(full_refresh: bool) -> LoadReport:
    with observed_load() as progress:
        return load_hubspot(full_refresh=full_refresh, progress=progress)


@flow(name="hubspot", flow_run_name=flow_run_name, timeout_seconds=4 * 60 * 60)
@redacted_errors
def hubspot(*, full_refresh: bool = False) -> LoadReport:
    """Load a HubSpot account's contacts, companies and deals with their associations.

    Args:
        full_refresh: Read all records instead of the changed ones, and replace the
            tables.
    """
    return publish(load(full_refresh))


if __name__ == "__main__":
    run_from_command_line(hubspot)
