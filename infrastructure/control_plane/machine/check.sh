#!/bin/bash
# Prints what is wrong with the server on this machine, and tells CloudWatch whether anything is.
. "$(dirname "$(realpath "$0")")/common.sh"
problems=0
problem() {
    echo "$1"
    problems=$((problems + 1))
}

if ! curl --fail --silent --max-time 10 http://127.0.0.1:4200/api/ready > /dev/null; then
    problem "Prefect's API is not ready."
fi
states=$(./compose ps --all --format '{{.Service}} {{.State}} {{.Health}}' || true)
for service in $(./compose config --services); do
    if ! grep -Eqx "$service running (healthy)?" <<< "$states"; then
        problem "The service $service is not healthy: /opt/data-platform/compose logs $service"
    fi
done
# Its services plan runs ahead, and mark those that are late: one that is due and neither
# started nor late, or a schedule without a run ahead, was not seen to.
if ! forgotten=$(./compose exec -T database psql --no-align --tuples-only <<'SQL'
SELECT
    (SELECT count(*) FROM flow_run
     WHERE state_name = 'Scheduled'
         AND next_scheduled_start_time < now() - interval '5 minutes')
    + (SELECT count(*) FROM deployment_schedule AS schedule
       JOIN deployment ON deployment.id = schedule.deployment_id
       WHERE schedule.active AND NOT deployment.paused
           AND schedule.schedule::text NOT LIKE '%rrule%'
           AND NOT EXISTS (
               SELECT FROM flow_run
               WHERE flow_run.deployment_id = deployment.id
                   AND flow_run.auto_scheduled
                   AND flow_run.state_type = 'SCHEDULED'
                   AND flow_run.next_scheduled_start_time > now()
           ));
SQL
); then
    problem "Prefect's database does not answer."
elif [ "$forgotten" != 0 ]; then
    problem "Prefect's scheduler does nothing: restart it with /opt/data-platform/compose restart server"
fi
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
