#!/bin/bash
# Fetches the stack's settings, and from the image that they name the scripts that apply them.
# The machine's user data has a copy of this file, for the first time.
set -euo pipefail
cd /opt/data-platform
. ./stack
export AWS_DEFAULT_REGION HOME=/root
if aws ssm get-parameter --name "$SETTINGS" --query Parameter.Value --output text > settings.new; then
    mv settings.new settings
else
    # While AWS does not answer, the machine starts with what it had.
    test -e settings
fi
. ./settings
image_is_here() {
    [ "$(cat image 2> /dev/null)" = "$IMAGE" ] || return 1
    # Without a container of it, it was removed after that.
    [ "$RUNS_WORKER" = false ] || docker image inspect "$IMAGE" > /dev/null 2>&1
}
if ! image_is_here; then
    aws ecr get-login-password | docker login --username AWS --password-stdin "$(dirname "$IMAGE")"
    # Scripts can be copied out of an image for other processors, too.
    docker pull --quiet "$IMAGE" || docker pull --quiet --platform linux/amd64 "$IMAGE"
    container=$(docker create "$IMAGE")
    docker cp "$container:/app/infrastructure/." .
    docker rm "$container"
    echo "$IMAGE" > image
fi
exec control_plane/machine/start.sh
