"""The IP address that the internet sees. A warehouse's allow-list must contain it."""

from __future__ import annotations

import ipaddress
import os

# Amazon's service, which answers with the address alone.
SERVICE = "https://checkip.amazonaws.com"


def outbound_address(timeout: float = 3.0) -> str | None:
    """Ask a service for our address. Return None if it does not answer with one.

    Args:
        timeout: Seconds to wait for a connection, and then for the answer.
    """
    import httpx

    try:
        answer = httpx.get(os.environ.get("CHECK_IP_URL", SERVICE), timeout=timeout)
        return str(ipaddress.ip_address(answer.raise_for_status().text.strip()))
    except (httpx.HTTPError, OSError, ValueError):  # OSError: no certificates
        return None
