#!/bin/bash
# Forwards what the network's private subnets send to the internet, as of this machine.
set -euo pipefail
interface=$(ip -4 route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
metadata=http://169.254.169.254/latest
token=$(curl --fail --silent --retry 5 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token)
ask() {
    curl --fail --silent --retry 5 --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"
}
network=$(ask "network/interfaces/macs/$(ask mac)/vpc-ipv4-cidr-block")

# A table of its own: "flush ruleset" would remove Docker's rules.
nft -f - <<END
table ip data_platform
delete table ip data_platform
table ip data_platform {
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "$interface" ip saddr $network ip daddr != $network masquerade
  }
}
END
# Docker may forbid all forwarding but its own, and asks this chain first.
forward=(DOCKER-USER --in-interface "$interface" --out-interface "$interface" --jump ACCEPT)
if iptables --wait --numeric --list DOCKER-USER > /dev/null 2>&1 \
    && ! iptables --wait --check "${forward[@]}" 2> /dev/null; then
    iptables --wait --insert "${forward[@]}"
fi
