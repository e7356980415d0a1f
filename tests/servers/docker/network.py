"""Network of the containers: one of their own each, a bridge, names, published ports."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Sequence

BRIDGE = "docker0"
GATEWAY = "172.18.0.1"
SUBNET = "172.18.0.{}/16"


def in_own_network(command: Sequence[str]) -> list[str]:
    """Return the command that runs another in a network, mounts and processes of its own.

    All that it leaves running ends with it. Only root can run it.
    """
    spaces = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    # The shell stays as the first process, and reaps the processes that lose theirs.
    script = 'ip link set lo up && "$@"; exit $?'
    return ["unshare", *spaces, "--", "sh", "-c", script, "sh", *command]


def what_is_wrong() -> str | None:
    """Return why this network is not for containers; None if it is."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    names = [line.split(":")[0].strip() for line in lines]
    others = [n for n in names if n not in ("lo", BRIDGE) and not n.startswith("veth")]
    # the kernel's own, which are down
    others = [
        n for n in others if not n.startswith(("sit", "tunl", "gre", "ip6", "erspan"))
    ]
    if others:
        return f"this network has {', '.join(sorted(others))}: use in_own_network()"
    return None


def connect(pid: int, address: str) -> None:
    """Connect the network of a process with the bridge."""
    with suppress(subprocess.CalledProcessError):  # it is there already
        _ip(
            f"link add name {BRIDGE} type bridge", f"addr add {GATEWAY}/16 dev {BRIDGE}"
        )
    _ip(f"link set {BRIDGE} up")
    cable = f"veth{secrets.token_hex(4)}"
    _ip(
        f"link add {cable} type veth peer name eth0 netns {pid}",
        f"link set {cable} master {BRIDGE} up",
    )
    _ip(
        *("link set lo up", f"addr add {address}/16 dev eth0", "link set eth0 up"),
        f"route add default via {GATEWAY}",
        within=["nsenter", f"--target={pid}", "--net"],
    )


def _ip(*commands: str, within: Sequence[str] = ()) -> None:
    subprocess.run(
        [*within, "ip", "-batch", "-"],
        input="\n".join(commands),
        text=True,
        check=True,
        capture_output=True,
    )


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Keep other processes from what the containers share."""
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def take_address(state: Path, container: str) -> str:
    """Return a container's address, the same until it is given back."""
    with locked(state):
        addresses = _addresses(state)
        taken = set(addresses.values())
        free = (f"172.18.{n // 256}.{n % 256}" for n in range(2, 65000))
        if container not in addresses:
            addresses[container] = next(each for each in free if each not in taken)
            (state / "addresses.json").write_text(json.dumps(addresses))
        return addresses[container]


def give_address_back(state: Path, container: str) -> None:
    with locked(state):
        addresses = _addresses(state)
        addresses.pop(container, None)
        (state / "addresses.json").write_text(json.dumps(addresses))


def _addresses(state: Path) -> dict[str, str]:
    file = state / "addresses.json"
    return json.loads(file.read_text()) if file.exists() else {}


class Forwarder:
    """A published port: connections to it go to a container's port."""

    def __init__(self, listen: tuple[str, int], target: tuple[str, int]) -> None:
        self.target = target
        self.listener = socket.create_server(listen, backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for each in (client, server):
            _keep_alive(each)
        back = threading.Thread(target=_copy, args=[server, client], daemon=True)
        back.start()
        _copy(client, server)
        back.join()
        client.close()
        server.close()


def _keep_alive(connection: socket.socket) -> None:
    """Notice within a minute that a container has gone with its network, without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, 30),
        (socket.TCP_KEEPINTVL, 10),
        (socket.TCP_KEEPCNT, 3),
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends; then tell the target."""
    with suppress(OSError):
        while data := source.recv(1 << 18):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    inside = in_own_network(sys.argv[1:])
    os.execvp(inside[0], inside)
