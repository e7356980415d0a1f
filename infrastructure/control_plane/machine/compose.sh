#!/bin/bash
# Docker Compose with this machine's files: `sudo /opt/data-platform/compose logs server`.
export HOME=/root
exec docker compose --project-directory /opt/data-platform --env-file /opt/data-platform/.env \
    --file /opt/data-platform/compose.yaml --file /opt/data-platform/compose.machine.yaml "$@"
