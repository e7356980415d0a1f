#!/bin/bash
# What the official image `prefecthq/prefect` does at its start.
set -e
if [ -f ~/.bashrc ]; then . ~/.bashrc; fi
if [ -n "$EXTRA_PIP_PACKAGES" ]; then
    echo "EXTRA_PIP_PACKAGES: no packages can be installed here" >&2
    exit 1
fi
if [ -z "$*" ]; then exec bash --login; fi
exec "$@"
