"""Rules of the servers that need no Chromium to be seen."""

from __future__ import annotations

import pytest

from tests.infrastructure.local_server.rules import assert_closed


@pytest.mark.slow
def test_the_local_server_wants_more_than_the_password(server):
    assert_closed(server.url, server.password)


def test_a_plain_server_in_the_clone_reads_the_settings(prefect_api):
    """Without a password: WebSockets and rebinding are open there."""
    assert_closed(prefect_api.removesuffix("/api"))
