#!/bin/bash
# Starts the machine's unit again if the stack's settings have changed, or if it has failed.
. "$(dirname "$0")/common.sh"
there=$(aws ssm get-parameter --name "$SETTINGS" --query Parameter.Value --output text)
if [ "$there" != "$(cat settings)" ]; then
    systemctl restart data-platform.service
else
    systemctl start data-platform.service
fi
