#!/bin/bash
# A network as AWS's, in namespaces that end with this script: a private subnet with a task, a
# public one with the machine, and the internet, which knows the machine's address alone. Runs
# the machine's nat.sh, and prints what the task reaches before and after that.
set -euo pipefail
nat=$1
mount -t tmpfs tmpfs /run
export PATH=$2:$PATH

connect() {
    ip link add "$1" type veth peer name eth0 netns "$1"
    ip address add "$2.1/24" dev "$1"
    ip link set "$1" up
    ip -n "$1" address add "$2.$3/24" dev eth0
    ip -n "$1" link set eth0 up
}
for each in task machine internet; do
    ip netns add "$each"
    ip -n "$each" link set lo up
done
connect task 10.20.32 5
connect machine 10.20.0 10
connect internet 203.0.113 9
sysctl --quiet --write net.ipv4.ip_forward=1
# The private subnets' route table. The interface has no check of sources.
ip route add default via 10.20.0.10 table 100
ip rule add iif task table 100
ip -n task route add default via 10.20.32.1
ip -n machine route add default via 10.20.0.1
ip -n internet route add 10.20.0.10 via 203.0.113.1

on_the_machine() { ip netns exec machine "$@"; }
on_the_machine sysctl --quiet --write net.ipv4.ip_forward=1
ip netns exec internet "$3" -c '
import socket
listening = socket.create_server(("203.0.113.9", 80))
while True:
    connection, (address, _) = listening.accept()
    connection.sendall(address.encode())
    connection.close()
' &
ask() {
    ip netns exec "$1" "$3" -c '
import socket, sys, time
for _ in range(int(sys.argv[1])):
    try:
        connection = socket.create_connection(("203.0.113.9", 80), timeout=1)
    except OSError as error:
        time.sleep(0.2)
    else:
        print(connection.recv(99).decode())
        break
else:
    print("nothing")
' "$2"
}
echo "the machine is seen as $(ask machine 20 "$3")"
echo "before: $(ask task 1 "$3")"
on_the_machine "$nat"
echo "without Docker: $(ask task 5 "$3")"
on_the_machine nft flush ruleset
# As Docker makes it.
on_the_machine iptables --policy FORWARD DROP
on_the_machine iptables --new-chain DOCKER-USER
on_the_machine iptables --insert FORWARD --jump DOCKER-USER
on_the_machine iptables --table nat --new-chain DOCKER
echo "behind Docker's rules: $(ask task 1 "$3")"
on_the_machine "$nat"
on_the_machine "$nat"
echo "beside Docker's rules: $(ask task 5 "$3")"
on_the_machine iptables --list-rules DOCKER-USER
on_the_machine iptables --table nat --list-rules DOCKER
on_the_machine nft list table ip data_platform | grep -c masquerade
