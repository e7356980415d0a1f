"""The short form of the races between the sweeper and runs."""

from __future__ import annotations

import pytest

from tests.drills.sweeps import race


@pytest.mark.slow
def test_no_healthy_run_is_harmed_and_every_orphan_is_gone(tmp_path):
    wrong, told = race(tmp_path, races=10)
    assert not wrong, told
