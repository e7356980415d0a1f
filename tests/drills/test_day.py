"""The short form of the drill: the server is killed while runs load."""

from __future__ import annotations

import pytest

from tests.drills.losses import server_away
from tests.drills.platform import running_platform


@pytest.mark.slow
def test_runs_complete_when_the_server_is_killed_meanwhile():
    with running_platform() as platform:
        seen = server_away(platform, away=3, runs=2)
    assert seen.startswith("2 of 2 runs completed")
    assert seen.endswith("0 rows lost, 0 doubled")
