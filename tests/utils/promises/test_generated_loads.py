"""The generated loads are what they say, and so are the planted faults and the score.

A plain reading of the specification finds all faults and is quiet elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime, timedelta
from statistics import mean, median
from typing import Any, Callable, Iterator

import pytest

from tests.utils.promises.generated_loads import CLEAN, TABLES, Series
from tests.utils.promises.generated_table import HOLIDAYS, Load, Promises
from tests.utils.promises.planted_faults import (
    BEFORE,
    DAY,
    FAR,
    KINDS,
    SETTLED,
    Noticed,
    faulty,
    moment_of,
    score,
)

pytestmark = pytest.mark.slow


def perfect() -> list[Noticed]:
    """Return what somebody notices who misses nothing."""
    faults = faulty().faults
    return [
        (fault.table, fault.by, kind) for fault in faults for kind in fault.noticed_by
    ]


def broken_rules(load: Load, promises: Promises) -> Iterator[str]:
    """Yield the kinds of rules that a load's values break."""
    columns: dict[str, list[Any]] = load.rows.to_pydict()
    if any(None in columns[name] for name in promises.not_null):
        yield "not_null"
    keys = Counter(zip(*(columns[name] for name in promises.unique)))
    if any(number > 1 and None not in key for key, number in keys.items()):
        yield "unique"
    for name, (low, high) in promises.between.items():
        if any(not low <= each <= high for each in columns[name] if each is not None):
            yield "between"
    for name, accepted in promises.accepted.items():
        if {*columns[name]} - {None, *accepted}:
            yield "accepted"


def is_unusual(history: dict[date, list[int]], day: date, rows: int) -> bool:
    """Return whether a number of rows is far from the median of its weekday."""

    def loads_of(last: date) -> list[int]:
        weeks = (last - timedelta(weeks=week) for week in range(9))
        return [number for each in weeks for number in history.get(each, [])]

    same_weekday = loads_of(day)
    if len(same_weekday) < 3:
        return False
    far = distance(rows, median(same_weekday))
    if far <= math.log(1.4):
        return False
    weekdays = [loads for i in range(7) if (loads := loads_of(day - i * DAY))]
    usual = [(loads, median(loads)) for loads in weekdays]
    spread = median(distance(each, middle) for loads, middle in usual for each in loads)
    return far > FAR * 1.4826 * spread


def distance(rows: float, others: float) -> float:
    """Return how far two numbers are on a logarithmic scale."""
    return abs(math.log(rows or 0.5) - math.log(others or 0.5))


def alarms(series: Series, name: str) -> Iterator[Noticed]:
    """Yield what the specification, read plainly, notices in a table.

    A load that breaks a rule fails as a whole, and the one after it is not judged by rows.
    """
    promises = TABLES[name].promises
    cursor, age = promises.fresh or ("", timedelta())
    history: dict[date, list[int]] = {}
    newest: datetime | None = None
    failed = False
    for day in series.days:
        for load in series.loads(name, day):
            if newest and load.moment - newest > age:
                stale = (load.moment.date() - (newest + age).date()).days
                yield from ((name, day - i * DAY, "fresh") for i in range(stale + 1))
            rules = [*broken_rules(load, promises)]
            yield from ((name, day, rule) for rule in rules)
            if rules:
                failed = True
                continue
            if not failed and is_unusual(history, day, load.rows.num_rows):
                yield name, day, "rows"
            failed = False
            history.setdefault(day, []).append(load.rows.num_rows)
            times = map(moment_of, load.rows[cursor].to_pylist() if cursor else [])
            past = [each for each in times if each <= load.moment]
            newest = max([*past, *([newest] if newest else [])], default=None)


@pytest.mark.parametrize("name", TABLES)
def test_a_plain_reading_finds_all_faults_and_is_quiet_elsewhere(name):
    found = [*alarms(faulty(), name)]
    result = score(found, faulty())
    assert [fault for fault in result.missed if fault.table == name] == []
    assert max(result.false_alarms.values(), default=0) <= 1


@pytest.mark.parametrize("name", TABLES)
def test_a_clean_series_breaks_no_promise_but_the_number_of_rows(name):
    found = [*alarms(CLEAN, name)]
    assert {kind for *_, kind in found} <= {"rows"}
    assert max(score(found, CLEAN).false_alarms.values(), default=0) <= 1


@pytest.mark.parametrize("name", TABLES)
def test_loads_are_the_same_each_time(name):
    day = date(2026, 3, 4)
    assert faulty().loads(name, day) == faulty().loads(name, day)
    assert TABLES[name].loads(day, seed=1) != TABLES[name].loads(day, seed=2)


def test_loads_are_the_same_in_each_process():
    rows = {name: BEFORE.loads(name, date(2026, 3, 4))[0].rows for name in TABLES}
    assert [table.num_rows for table in rows.values()] == [
        *(392, 549, 263, 390),
        *(391, 28, 31, 20),
    ]
    assert rows["orders"]["price"][0].as_py() == 23.21


@pytest.mark.parametrize("name", TABLES)
def test_a_fault_changes_its_days_alone(name):
    faults = [fault for fault in faulty().faults if fault.table == name]
    touched = {
        fault.first_day + i * DAY
        for fault in faults
        for i in range((fault.last_day - fault.first_day).days + 1)
    }
    changed = {
        day
        for day in BEFORE.days
        if BEFORE.loads(name, day) != faulty().loads(name, day)
    }
    assert changed == touched


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_planted_several_times_and_at_several_tables(kind):
    faults = [fault for fault in faulty().faults if fault.kind == kind]
    assert len(faults) >= 3
    assert len({fault.table for fault in faults}) >= 2
    days = [(fault.first_day - BEFORE.first_day).days + 1 for fault in faults]
    assert 22 <= min(days) <= 28 < max(days)


def test_each_table_has_faults():
    assert {fault.table for fault in faulty().faults} == {*TABLES}
    # rows of next year do not keep a table fresh
    assert any(
        each.table == "donations" and each.by > each.last_day
        for each in faulty().faults
    )


def test_each_fault_names_its_promises():
    for fault in faulty().faults:
        promises = TABLES[fault.table].promises
        assert fault.noticed_by, fault
        assert all(getattr(promises, kind) for kind in fault.noticed_by), fault
        longest = promises.fresh[1] if promises.fresh else timedelta()
        assert fault.first_day <= fault.by <= fault.first_day + longest + DAY, fault


def rows_of(name: str, wanted: Callable[[date], bool]) -> float:
    """Return the mean number of rows of a day's first load, on days of this kind."""
    days = [day for day in CLEAN.days if wanted(day)]
    return mean(CLEAN.loads(name, day)[0].rows.num_rows for day in days)


@pytest.mark.parametrize(
    ("name", "these", "those", "factor"),
    [
        ("orders", lambda day: (day + DAY).day == 1, lambda day: day.day < 28, 1.3),
        ("visits", lambda day: day.weekday() > 4, lambda day: day.weekday() < 5, 0.2),
        ("visits", lambda day: (day.month, day.day) in HOLIDAYS, None, 0.3),
        ("invoices", lambda day: day.weekday() == 6, lambda day: day.weekday() < 6, 0),
        ("members", lambda day: day.month == 7, lambda day: day.month == 6, 1.03**4.3),
        ("rates", lambda day: day.month == 7, lambda day: day.month == 6, 1),
    ],
)
def test_days_differ_as_they_do_in_real_tables(name, these, those, factor):
    those = those or (lambda day: day.weekday() == 3)
    ratio = rows_of(name, these) / rows_of(name, those)
    assert ratio == pytest.approx(factor, rel=0.12)


def test_no_quarter_has_two_holidays():
    days = [date(year, *each) for year in (2026, 2027) for each in HOLIDAYS]
    assert all(b - a >= timedelta(days=91) for a, b in zip(days, days[1:]))


def test_what_nothing_is_promised_of_is_odd():
    orders = CLEAN.loads("orders", date(2026, 5, 5))[0]
    assert 0 < orders.rows["note"].null_count < 40
    assert min(orders.rows["ordered_at"].to_pylist()) < orders.moment - DAY
    web = [
        CLEAN.loads("orders", day)[0].rows["channel"].to_pylist().count("web")
        for day in (date(2026, 5, 31), date(2026, 6, 1))
    ]
    assert web[1] > 2 * web[0]
    donations = [CLEAN.loads("donations", day)[0] for day in [*CLEAN.days][:7]]
    assert any(
        max(each.rows["given_at"].to_pylist()) > each.moment for each in donations
    )


def test_who_notices_all_has_the_full_score():
    result = score(perfect(), faulty())
    assert (result.recall, result.missed, result.false_alarms) == (1, (), {})


def test_who_is_blind_misses_all():
    result = score([], faulty())
    assert (result.recall, result.missed, result.false_alarms) == (
        0,
        faulty().faults,
        {},
    )


def test_a_fault_is_missed_before_it_or_too_late_or_by_another_promise():
    for fault in faulty().faults:
        kind, *_ = fault.noticed_by
        other = "unique" if fault.kind != "same rows twice" else "between"
        assert fault.is_noticed([(fault.table, fault.first_day, kind)])
        assert not fault.is_noticed([(fault.table, fault.first_day - DAY, kind)])
        assert not fault.is_noticed([(fault.table, fault.by + DAY, kind)])
        assert not fault.is_noticed([(fault.table, fault.by, other)])
        assert not fault.is_noticed([("another", fault.by, kind)])


def test_alarms_are_false_where_no_fault_explains_them():
    fault = next(fault for fault in faulty().faults if fault.kind == "source stopped")
    days = (fault.first_day - DAY, fault.first_day, fault.last_day + DAY)
    told = [(fault.table, day, "rows") for day in days]
    assert score(told, faulty()).false_alarms == {(fault.table, 0): 1}


def test_false_alarms_are_counted_once_and_by_quarters():
    settled = CLEAN.first_day + SETTLED * DAY
    days = [settled - DAY, settled, settled, settled + 90 * DAY, settled + 91 * DAY]
    result = score([("orders", day, "rows") for day in days], CLEAN)
    assert result.false_alarms == {("orders", 0): 1, ("orders", 1): 2, ("orders", 2): 1}
    assert (result.recall, result.missed) == (1, ())
