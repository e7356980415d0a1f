"""Keeps secrets out of what is published: messages, tracebacks, log lines, artifacts.

- `known_secrets`: the secrets that this process may use, and where they come from.
- `texts`: strikes them from a text, in whatever form an error repeats them.
- `private_files`: takes files and folders away from everyone but their owner.

`utils.errors.redacted` strikes them from exceptions, and `utils.runs.redacted_log` from every
log record.
"""
