"""What the layers share.

- `loading`: runs a pipeline to its end: recovery, replacement, types, memory, the report
  (dlt).
- `promises`: promises of tables: how fresh, how many rows, which values; the history of
  loads (dlt).
- `destinations`: the types of destinations, one module each: what holds one, how it loads
  in little memory; pipelines into them (dlt).
- `runs`: Prefect's side of a run: task, log, artifacts, progress, command line; a client of
  Prefect's server, and why it cannot be used.
- `reports`: what the reports of loads, backfills and exports have in common, and how they
  are shown; differences between what is wanted and what is there. Knows neither Prefect nor
  dlt.
- `watch`: judges runs, deployments, tables and work pools, and tells people what is wrong
  (Prefect).
- `backfill`: a range of days, and its chunks, each a run of a deployment (Prefect).
- `export`: files that queries are exported into (Arrow).
- `aws`: questions to AWS: client, secrets, stack; sizes of Fargate's tasks. Knows neither
  Prefect nor dlt.
- `errors`: `ClearError`, errors of HTTP and PostgreSQL in plain words, addresses without
  their passwords, errors that a retry may cure.
- `redaction`: what keeps secrets in: those in use are struck from what is published, files
  are taken away from everyone but their owner.
- `settings`: bounds of settings and secrets, and errors of those that are missing or
  malformed (dlt).
- `vault_provider`: AWS Secrets Manager, where dlt looks for secrets.
- `dlt_internals`: the holds on dlt's insides, each checked.
"""

import os

# Prefect's results and temporary server, DuckDB's file and its log, the folder of a lake and
# dlt's working folders hold rows and settings. Set here, because their libraries create them,
# in any module and thread: whatever a process of this project creates, only its owner can
# read.
os.umask(0o077)
