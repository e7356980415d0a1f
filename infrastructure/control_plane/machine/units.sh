#!/bin/bash
# Installs the units of this folder, and starts their timers.
set -euo pipefail
cd "$(dirname "$0")"
. /opt/data-platform/settings
install -m 644 ./*.service ./*.timer /etc/systemd/system
# Docker starts containers by itself, which would find an empty folder.
mkdir -p /etc/systemd/system/docker.service.d
printf '[Unit]\nRequiresMountsFor=/data\n' > /etc/systemd/system/docker.service.d/data.conf
systemctl daemon-reload
systemctl enable --quiet data-platform.service
for timer in *.timer; do
    systemctl enable --quiet --now "$timer"
done
if [ "$IS_NAT" = true ]; then
    command -v nft > /dev/null || dnf install --assumeyes --quiet nftables
    systemctl enable --quiet data-platform-nat.service
    systemctl restart data-platform-nat.service
else
    systemctl disable --quiet --now data-platform-nat.service
fi
# Session Manager needs none.
systemctl disable --quiet --now sshd.service || true
