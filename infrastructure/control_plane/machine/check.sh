#!/bin/bash
# Prints what is wrong with the server on this machine, and tells CloudWatch whether anything is.
. "$(dirname "$(realpath "$0")")/common.sh"
problems=0
problem() {
    echo "$1"
    problems=$((problems + 1))
}

# Asked within the server's container, as the server on ECS is.
pulse=$(./compose exec -T server python -c '
import os, sys, types
pulse = types.ModuleType("pulse")
exec(sys.stdin.read(), pulse.__dict__)
server = pulse.Server("http://127.0.0.1:4200/api", os.environ["PREFECT_SERVER_API_AUTH_STRING"])
print(*pulse.look(server).values())
' < server_pulse.py || true)
read -r ready lag <<< "$pulse"
if [ "$ready" != 1 ]; then
    problem "Prefect's API is not ready: /opt/data-platform/compose logs server"
elif [ "$lag" != 0 ]; then
    problem "Prefect's scheduler has owed a run for $lag s: /opt/data-platform/compose restart server"
fi
states=$(./compose ps --all --format '{{.Service}} {{.State}} {{.Health}}' || true)
for service in $(./compose config --services); do
    if ! grep -Eqx "$service running (healthy)?" <<< "$states"; then
        problem "The service $service is not healthy: /opt/data-platform/compose logs $service"
    fi
done
while read -r unit _; do
    problem "$unit has failed: journalctl --unit $unit"
done < <(systemctl list-units --failed --plain --no-legend 'data-platform*' \
    | grep --invert-match data-platform-check.service)
used=$(df --output=pcent / /data | tr -dc '0-9\n' | sort --numeric-sort | tail -n 1)
if [ "$used" -ge 80 ]; then
    echo "A disk is filled to $used %: df -h / /data"
    put_metric DiskUsed "$used"
fi

[ "$problems" -gt 0 ] || echo "The server is well."
put_metric Healthy "$((problems == 0))"
