#!/bin/bash
# Puts a backup, named by its address s3://..., in the place of Prefect's database, and prints
# what is told of it. The server and the worker stop before that, and start again afterwards,
# also if the backup cannot be restored and nothing has changed.
. "$(dirname "$(realpath "$0")")/common.sh"
case ${1:-} in
s3://*) ;;
*)
    echo "Name a backup: $0 s3://$DUMP_BUCKET/..." >&2
    exit 2
    ;;
esac
lock
file=$(mktemp /var/tmp/prefect.XXXXXX)
trap 'rm -f "$file"' EXIT
aws s3 cp --only-show-errors "$1" "$file"
./compose up --detach --wait database < /dev/null
services=$(./compose config --services | grep --invert-match --line-regexp database)
trap './compose up --detach --wait < /dev/null; rm -f "$file"' EXIT
# shellcheck disable=SC2086 # several words
./compose stop $services < /dev/null
./compose exec -T database sh /control-plane/restore.sh < "$file"
known_until=$(./compose exec -T database psql --no-align --tuples-only \
    --command "SELECT value->>'known_until' FROM variable WHERE name = 'restored'" < /dev/null)
./compose run --rm --no-deps -T server python -m infrastructure.lease_storage "$known_until" \
    < /dev/null
