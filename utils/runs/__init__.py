"""Prefect's side of a run: task, log, artifacts, progress, command line.

Whatever imports a part of it logs no secrets from then on, and an error of a run once.
"""

from utils.errors.told_once import tell_errors_once
from utils.runs.redacted_log import redact_log_records

redact_log_records()
tell_errors_once()
