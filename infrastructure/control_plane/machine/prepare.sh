#!/bin/bash
# Gives the machine swap, the disk of its data, and Compose. What is there stays.
set -euo pipefail
. /opt/data-platform/settings

if [ ! -e /swapfile ]; then
    dd if=/dev/zero of=/swapfile.new bs=1M count=1024 status=none
    chmod 600 /swapfile.new
    mkswap /swapfile.new > /dev/null
    mv /swapfile.new /swapfile
    echo /swapfile none swap defaults 0 0 >> /etc/fstab
fi
swapon --all

# The disk outlives the machine. EC2 attaches it after the machine's start.
disk=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DATA_VOLUME/-/}
mkdir -p /data
if ! mountpoint --quiet /data; then
    for _ in $(seq 60); do
        [ ! -e "$disk" ] || break
        sleep 5
    done
    if [ ! -e "$disk" ]; then
        echo "The disk $DATA_VOLUME is not attached to this machine." >&2
        exit 1
    fi
    if [ -z "$(lsblk --noheadings --nodeps --output FSTYPE "$disk")" ]; then
        # Without --force it refuses a disk on which something is.
        mkfs.xfs -L data-platform "$disk"
    fi
    if ! grep -q LABEL=data-platform /etc/fstab; then
        # nofail: a machine without the disk can still be looked at.
        echo LABEL=data-platform /data xfs defaults,nofail 0 2 >> /etc/fstab
    fi
    mount /data
fi
# A larger disk, after a change of DataVolumeGb.
xfs_growfs /data > /dev/null

# Amazon's repositories have Docker without Compose:
# https://github.com/amazonlinux/amazon-linux-2023/issues/186
version=v5.6.0
case $(uname -m) in
aarch64) sum=733ec76717ceb59052a9609b9dadfb523b2df8eab57a54212872d10a58078ea2 ;;
x86_64) sum=40343e21ca777173e69cff5dbafeb37c6f81f3b0d57d9e597f036e95eb63e76a ;;
esac
plugin=/usr/local/lib/docker/cli-plugins/docker-compose
if ! echo "$sum  $plugin" | sha256sum --check --status 2> /dev/null; then
    mkdir -p "$(dirname "$plugin")"
    curl --fail --silent --show-error --location --retry 5 --output "$plugin.new" \
        "https://github.com/docker/compose/releases/download/$version/docker-compose-linux-$(uname -m)"
    echo "$sum  $plugin.new" | sha256sum --check --quiet
    chmod 755 "$plugin.new"
    mv "$plugin.new" "$plugin"
fi
