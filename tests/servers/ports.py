"""Finds ports for the servers that tests start."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

# Below those that systems give to outgoing connections: it may be long until the server
# starts, and other tests connect meanwhile.
PORTS = range(12_000, 32_000)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
