"""The IP address that the internet sees. A warehouse's allow-list must contain it."""

from __future__ import annotations

import ipaddress
import os

# Amazon's service, which answers with the address alone.
SERVICE = "https://checkip.amazonaws.com"
# The longest address has 45 characters. The rest of an answer is not read.
MOST_BYTES = 64
PLAIN = {"Accept-Encoding": "identity"}


def outbound_address(timeout: float = 3.0) -> str | None:
    """Ask a service for our address. Return None if it does not answer with one.

    Args:
        timeout: Seconds to wait for a connection, and then for the answer.
    """
    import httpx

    try:
        url = os.environ.get("CHECK_IP_URL", SERVICE)
        with httpx.stream("GET", url, headers=PLAIN, timeout=timeout) as answer:
            # raw, because a compressed answer may be as long as it likes
            raw = next(answer.raise_for_status().iter_raw(MOST_BYTES), b"")
        text = raw.decode().strip()
        # ip_address() takes any text, of any lines, for a zone after a %.
        return str(ipaddress.ip_address(text)) if "%" not in text else None
    except (httpx.HTTPError, OSError, ValueError):  # OSError: no certificates
        return None
