"""What the layers share.

- `loading`: runs a pipeline to its end: recovery, replacement, types, the report (dlt).
- `destinations`: the named destinations, one module each: what holds one, how it loads in
  little memory (dlt).
- `runs`: Prefect's side of a run: task, log, artifacts, progress, command line.
- `reports`: what the reports of loads, backfills and exports have in common, and how they
  are shown. Knows neither Prefect nor dlt.
- `days`: ranges of days that are over.
- `backfill`: a range of days in chunks, each a run of a deployment (Prefect).
- `export`: files that queries are exported into (Arrow).
- `aws`: asks AWS: client, secrets, stack. Knows neither Prefect nor dlt.
- `errors`: `ClearError`, and how errors of HTTP and passing troubles are told.
- `configuration_errors`: what is wrong with a setting or a secret, without its value (dlt).
- `vault_provider`: AWS Secrets Manager, where dlt looks for secrets.
- `differences`: compares what is wanted with what is there.
- `prefect_server`: a client of Prefect's server, and why it cannot be used.
"""
