#!/bin/bash
# Brings the machine to what its stack's settings say. It may run again at any time.
. "$(dirname "$0")/common.sh"
lock
machine=control_plane/machine
for script in backup check compose restore; do
    ln -sfn "$machine/$script.sh" "$script"
done
"$machine/prepare.sh"
"$machine/units.sh"

# What Compose takes from its environment. The password is made once, beside the data.
umask 077
if [ ! -e /data/password ]; then
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' > /data/password.new
    mv /data/password.new /data/password
fi
secret=$(aws secretsmanager get-secret-value --secret-id "$API_SECRET_ARN" \
    --query SecretString --output text)
profiles=
fault=
if [ "$RUNS_WORKER" = true ]; then
    architecture=$(docker image inspect --format '{{.Architecture}}' "$IMAGE")
    case $architecture:$(uname -m) in
    amd64:x86_64 | arm64:aarch64) profiles=worker ;;
    *) fault="$IMAGE is for $architecture, and this machine is $(uname -m): no worker can run
here. Choose another InstanceType, or build the image for this one (README.md, The processor)." ;;
    esac
fi
{
    cat stack settings
    cat <<END
COMPOSE_PROFILES='$profiles'
POSTGRES_PASSWORD='$(cat /data/password)'
PREFECT_API_AUTH_STRING='${secret//\'/\\\'}'
LEASE_STORAGE='$(sha256sum < lease_storage.py | cut -c 1-16)'
# compose.yaml asks for these, and compose.machine.yaml resets what they are for.
OWNER='1000:1000'
CLONE='/app'
END
} > .env.new
mv .env.new .env
cat > aws.config.new <<END
[default]
role_arn = $WORKER_ROLE_ARN
credential_source = Ec2InstanceMetadata
role_session_name = machine
END
chmod 644 aws.config.new
mv aws.config.new aws.config

mkdir -p /data/database /data/server
if [ -z "$profiles" ]; then
    ./compose --profile worker rm --stop --force worker watch
fi
./compose up --detach --wait --remove-orphans
if [ -z "$fault" ]; then
    docker image prune --all --force > /dev/null
fi
# The first backup does not wait for the night.
if [ ! -e /data/backed-up ]; then
    systemctl start --no-block data-platform-backup.service
fi
if [ -n "$fault" ]; then
    echo "$fault" >&2
    exit 1
fi
