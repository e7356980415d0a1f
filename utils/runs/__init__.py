"""Prefect's side of a run: task, log, artifacts, progress, command line.

Whatever imports a part of it logs no secrets from then on.
"""

from utils.runs.redacted_log import redact_log_records

redact_log_records()
