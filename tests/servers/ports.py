"""Ports for the servers that tests start."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

# Below the ports of outgoing connections: other tests may connect before the server
# starts.
PORTS = range(12_000, 32_000)


def free_port() -> int:
    """Return a port that nothing listens on."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
