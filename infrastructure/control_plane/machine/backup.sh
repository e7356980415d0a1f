#!/bin/bash
# Backs up Prefect's database, while everything goes on, and prints the backup's address.
. "$(dirname "$(realpath "$0")")/common.sh"
lock
# First a file of this machine: of a dump that fails, nothing reaches the bucket.
file=$(mktemp /var/tmp/prefect.XXXXXX)
trap 'rm -f "$file"' EXIT
./compose exec -T database pg_dump --format=custom prefect > "$file" < /dev/null
address=s3://$DUMP_BUCKET/prefect-$(date --utc +%Y%m%dT%H%M%SZ).dump
aws s3 cp --only-show-errors "$file" "$address"
put_metric Dump "$(stat --format=%s "$file")"
touch /data/backed-up
echo "$address"
