"""Watch reads from a real server what the simulation knows, and tells what the oracle says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.utils.watch.histories import history
from tests.utils.watch.histories_on_a_server import differences_of
from utils.watch import prefect_history

# These are small. `python -m tests.utils.watch.histories_on_a_server` plays two hundred.
SEEDS = (2, 35, 47)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history(history_server, seed):
    report = differences_of(str(seed), history(seed), history_server)
    assert report.looks and report.alerts
    assert report.differences == []


def test_what_is_forgotten_is_noticed(history_server, monkeypatch):
    monkeypatch.setattr(prefect_history, "MESSAGES_FOR", timedelta(hours=1))
    report = differences_of("35", history(35), history_server)
    assert report.differences
