"""Packages that a killed run left in the pipeline's working folder.

The destination has the last word: its state says how far the source was read. Pending
packages are of use only if they continue from there and no part of them was sent yet.
Otherwise the folder is emptied, and the source is read again from where the destination is.
dlt would resume a package that was sent in part, and repeat a job whose commit it has not
seen: its rows would be twice in the staging table, and so in the table.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import dlt
from dlt.common.storages.load_package import LoadPackageInfo, PackageStorage

from utils.destinations.load_packages import pending_packages
from utils.destinations.pipelines import type_of
from utils.dlt_internals import drop_working_folder

logger = logging.getLogger(__name__)

# Local state: the load in the destination that the next package continues from.
BASE = "base_load"


def can_be_finished(pipeline: dlt.Pipeline) -> bool:
    """Return whether pending packages continue from where the destination is."""
    extracted = pipeline.list_extracted_load_packages()
    normalized = pipeline.list_normalized_load_packages()
    if not extracted and not normalized:
        return False
    if _base(pipeline) != type_of(pipeline).last_load(pipeline):
        reason = "the destination has moved on since"
    elif set(extracted) & set(normalized):
        # dlt would normalize it again, and then find its place taken
        reason = "it was just being normalized"
    elif any(map(_would_double, pending_packages(pipeline))):
        reason = "a part of it was sent"
    else:
        return True
    logger.warning(
        "What an interrupted run left is read again, because %s: load package %s",
        reason,
        ", ".join([*normalized, *extracted]),
    )
    return False


def start_from_destination(pipeline: dlt.Pipeline) -> None:
    """Empty the working folder, and take state and schema from the destination."""
    # Without this file dlt empties a folder before it uses it, so that no package is
    # taken for a whole one if the run is killed right here.
    (Path(pipeline.working_dir) / pipeline.STATE_FILE).unlink(missing_ok=True)
    drop_working_folder(pipeline)
    pipeline.sync_destination()


def note_base(pipeline: dlt.Pipeline) -> None:
    """Remember from which load the package that is extracted next continues."""
    pipeline.set_local_state_val(BASE, type_of(pipeline).last_load(pipeline))


def holds_appended_rows(pipeline: dlt.Pipeline) -> bool:
    """Return whether reading again would append rows twice, because some were sent."""
    try:
        return any(
            _was_begun(package) and _appends(package)
            for package in pending_packages(pipeline)
        )
    except Exception:
        # An unreadable package cannot be finished either: a torn file, or a folder that
        # dlt was just making.
        return False


def _base(pipeline: dlt.Pipeline) -> str | None:
    try:
        return pipeline.get_local_state_val(BASE)
    except KeyError:
        return None


def _would_double(package: LoadPackageInfo) -> bool:
    """Return whether a part may be in the destination, to be merged or replaced again.

    Appended rows are not staged: dlt's resuming is then the lesser evil.
    """
    return _was_begun(package) and not _appends(package)


def _was_begun(package: LoadPackageInfo) -> bool:
    tables_are_prepared = not os.path.exists(
        os.path.join(package.package_path, PackageStorage.SCHEMA_UPDATES_FILE_NAME)
    )
    return tables_are_prepared or any(
        state != "new_jobs" or job.job_file_info.retry_count
        for state, jobs in package.jobs.items()
        for job in jobs
    )


def _appends(package: LoadPackageInfo) -> bool:
    return any(
        table.get("write_disposition", "append") == "append"
        for table in package.schema.data_tables()
        if not table.get("parent")
    )
