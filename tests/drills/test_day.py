"""The short form of the drill: the server is killed while runs load."""

from __future__ import annotations

import pytest

from tests.drills.losses import server_away
from tests.drills.platform import running_platform


@pytest.mark.slow
def test_runs_complete_when_the_server_is_killed_meanwhile():
    with running_platform() as platform:
        server_away(platform, away=3, runs=2)
