# shellcheck shell=bash disable=SC1091
# Sourced by the other scripts of this folder.
set -euo pipefail
cd /opt/data-platform
. ./stack
. ./settings
export AWS_DEFAULT_REGION HOME=/root

# Waits until no other script changes the containers or the database.
lock() {
    exec 9> /run/lock/data-platform
    flock 9
}

put_metric() {
    aws cloudwatch put-metric-data --namespace "$STACK" --metric-name "$1" --value "$2"
}
