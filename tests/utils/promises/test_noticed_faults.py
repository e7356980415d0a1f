"""28 days of generated loads through real runs: the planted faults are noticed, no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.utils.promises.generated_loads import TABLES
from tests.utils.promises.noticed_faults import HOURLY, noticed
from tests.utils.promises.planted_faults import SETTLED, faulty, score


@pytest.mark.slow
def test_faults_of_the_fourth_week_are_noticed(warehouse):
    tables = [name for name in TABLES if name != HOURLY]
    days = list(faulty().days)[:SETTLED]
    faults = [
        fault
        for fault in faulty().faults
        if fault.table != HOURLY and fault.by <= days[-1]
    ]
    assert len(faults) >= 5

    result = score(
        noticed(faulty(), tables, len(days)), replace(faulty(), faults=tuple(faults))
    )
    assert result.missed == ()
    assert all(number <= 1 for number in result.false_alarms.values())
