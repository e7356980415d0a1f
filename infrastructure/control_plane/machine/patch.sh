#!/bin/bash
# Installs security updates, and starts the machine anew where they need it.
. "$(dirname "$0")/common.sh"
# Amazon Linux stays at the packages of its image's day, unless told otherwise.
dnf upgrade --assumeyes --security --releasever=latest --refresh
lock
hint=$(dnf needs-restarting --reboothint || true)
# It does not notice Amazon's kernels:
# https://github.com/amazonlinux/amazon-linux-2023/issues/1125
newest=$(grubby --default-kernel)
if [[ $hint == *"Reboot is required"* || $newest != /boot/vmlinuz-$(uname -r) ]]; then
    systemctl reboot
fi
