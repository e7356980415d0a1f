"""Faults planted in the generated loads, and the score of who looks for them.

A fault is planted only where its loads break a promise by the specification.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any, Callable, Iterable, Iterator

import pyarrow as pa

from tests.utils.promises.generated_loads import TABLES, Series
from tests.utils.promises.generated_table import GeneratedTable, Load

DAY = timedelta(days=1)
BEFORE = Series(date(2026, 2, 16), number=70, seed=2)
"""The faulty series before anything is planted in it."""
LEARNED, SETTLED, QUARTER = 21, 28, 91
"""Days after which numbers of rows are judged, and false alarms limited per quarter."""
FAR = 5
"""Standard deviations of a table's noise from which on a number of rows is a fault."""
STOPPED, OLD_FILE, TWICE = "source stopped", "old file", "same rows twice"
RULES = {"NULLs": "not_null", "in cents": "between", "unaccepted values": "accepted"}
KINDS = (STOPPED, OLD_FILE, TWICE, "twice as many rows", "half", "a third", *RULES)
LONGEST = {STOPPED: 4, **dict.fromkeys(RULES, 2)}
"""Days that a fault may last, if more than one."""
Noticed = tuple[str, date, str]
"""Table, day and kind of promise: fresh, rows, not_null, unique, between or accepted."""
Change = Callable[[Load], pa.Table]


@dataclass(frozen=True)
class Fault:
    """Fault of a table's loads on some days, and how it has to be noticed."""

    table: str
    kind: str
    first_day: date
    last_day: date
    change: Change
    """Returns the rows of a load with the fault."""
    noticed_by: frozenset[str] = frozenset()
    """Kinds of promises, of which one is enough."""
    by: date = date.max
    """Last day to notice it: its first, or one after the longest age was reached."""

    def is_noticed(self, noticed: Iterable[Noticed]) -> bool:
        """Return whether it was noticed in time, and by one of its kinds."""
        return any(
            table == self.table
            and self.first_day <= day <= self.by
            and kind in self.noticed_by
            for table, day, kind in noticed
        )

    def explains(self, table: str, day: date) -> bool:
        """Return whether an alarm is due to it: of any kind, until rows come again."""
        return table == self.table and self.first_day <= day <= self.over

    @property
    def over(self) -> date:
        """Return the last day on which an alarm is its consequence."""
        return max(self.by, self.next_rows)

    @property
    def next_rows(self) -> date:
        """Return the first day after it on which its table usually has rows."""
        day = self.last_day + DAY
        return day if TABLES[self.table].usual_rows(day) else day + DAY


@dataclass(frozen=True)
class FaultySeries(Series):
    """Days of loads with faults."""

    faults: tuple[Fault, ...]

    def loads(self, table: str, day: date) -> list[Load]:
        loads = super().loads(table, day)
        for fault in self.faults:
            if fault.table == table and fault.first_day <= day <= fault.last_day:
                loads = [Load(load.moment, fault.change(load)) for load in loads]
        return loads


@dataclass(frozen=True)
class Score:
    """Comparison of what was noticed with what was planted."""

    recall: float
    """Part of the faults that were noticed in time. 1.0 if there are none."""
    missed: tuple[Fault, ...]
    false_alarms: Counter[tuple[str, int]]
    """By table and quarter. Quarter 0 is the first 28 days, in which none is limited."""


def score(noticed: Iterable[Noticed], series: Series) -> Score:
    """Return the score for a series, with or without faults.

    A table, a day and a kind are one alarm, however often it was told. An alarm is false
    if no fault of its table explains it: from the fault's first day to its `by` or to the
    next day with usual rows, whichever is later, alarms of all kinds are its consequence.
    """
    alarms = set(noticed)
    faults = series.faults if isinstance(series, FaultySeries) else ()
    missed = tuple(fault for fault in faults if not fault.is_noticed(alarms))
    false: Counter[tuple[str, int]] = Counter()
    for table, day, _ in alarms:
        if not any(fault.explains(table, day) for fault in faults):
            settled = (day - series.first_day).days - SETTLED
            false[table, max(settled // QUARTER + 1, 0)] += 1
    return Score(1 - len(missed) / len(faults) if faults else 1.0, missed, false)


def _replaced(
    column: str, every: int, value: Callable[[random.Random, Any], Any]
) -> Change:
    """Replace the values of a column in every nth row."""

    def change(load: Load) -> pa.Table:
        chance, rows = random.Random(str(load.moment)), load.rows
        at = rows.schema.get_field_index(column)
        values = rows[column].to_pylist()
        values[::every] = [value(chance, each) for each in values[::every]]
        changed = pa.array(values).cast(rows.schema.types[at])
        return rows.set_column(at, rows.schema.field(at), changed)

    return change


def _changes(table: GeneratedTable, chance: random.Random) -> dict[str, Change]:
    """Return a change of each kind that the table can have."""
    promises, every = table.promises, chance.choice([1, 4, 20])
    age = chance.randint(7, 20) * DAY

    def old_file(load: Load) -> pa.Table:
        hour = table.hours.index(load.moment.hour)
        return BEFORE.loads(table.name, (load.moment - age).date())[hour].rows

    def twice_as_many(load: Load) -> pa.Table:
        new = random.Random(str(load.moment))
        return table.rows(new, load.moment, 2 * load.rows.num_rows)

    changes: dict[str, Change] = {
        STOPPED: lambda load: load.rows.slice(0, 0),
        OLD_FILE: old_file,
        TWICE: lambda load: pa.concat_tables([load.rows, load.rows]),
        "twice as many rows": twice_as_many,
        "half": lambda load: load.rows.slice(0, load.rows.num_rows // 2),
        "a third": lambda load: load.rows.slice(0, load.rows.num_rows // 3),
    }
    if promises.not_null:
        column = chance.choice(promises.not_null)
        changes["NULLs"] = _replaced(column, every, lambda *_: None)
    for column in promises.between:
        changes["in cents"] = _replaced(column, 1, lambda _, value: value * 100)
    for column in promises.accepted:
        others = ("unknown", "", f"{promises.accepted[column][0]} ")
        changes["unaccepted values"] = _replaced(
            column, every, lambda chance, _: chance.choice(others)
        )
    return changes


def _plant() -> Iterator[Fault]:
    """Yield faults of each kind in the fourth week, and four times in those after it."""
    chance, planted = random.Random("faults"), list[Fault]()
    days = list(BEFORE.days)[LEARNED:-7]
    for possible in (days[:7], *[days[7:]] * 4):
        for kind in KINDS:
            places = [(table, day) for table in TABLES.values() for day in possible]
            chance.shuffle(places)
            for table, day in places:
                change = _changes(table, chance).get(kind)
                if change is None or table.is_peculiar(day):
                    continue
                last = day + chance.randrange(LONGEST.get(kind, 1)) * DAY
                fault = _judged(Fault(table.name, kind, day, last, change))
                if fault.noticed_by and not _is_near(fault, planted):
                    planted.append(fault)
                    yield fault
                    break


def _is_near(fault: Fault, others: Iterable[Fault]) -> bool:
    """Return whether there are less than two usual days to another one of the table."""
    near = 3 * DAY
    return any(
        other.table == fault.table
        and other.first_day - fault.over < near
        and fault.first_day - other.over < near
        for other in others
    )


def _judged(fault: Fault) -> Fault:
    """Return the fault with what has to notice it, which may be nothing."""
    promises, kinds, by = TABLES[fault.table].promises, set(), fault.first_day
    if fault.kind in RULES:
        kinds.add(RULES[fault.kind])
    if fault.kind == TWICE and promises.unique:
        kinds.add("unique")
    if promises.rows and _is_unusual(fault):
        kinds.add("rows")
    if promises.fresh and fault.kind in (STOPPED, OLD_FILE):
        too_old = _newest_before(fault, promises.fresh[0]) + promises.fresh[1]
        resumed = BEFORE.loads(fault.table, fault.next_rows)[0].moment
        if fault.kind == STOPPED:  # which is more than a load without rows
            kinds.clear()
        if too_old + timedelta(hours=2) < resumed:
            kinds, by = kinds | {"fresh"}, too_old.date() + DAY
    return replace(fault, noticed_by=frozenset(kinds), by=by)


def _is_unusual(fault: Fault) -> bool:
    """Return whether all loads of its first day are far from the usual number of rows."""
    table = TABLES[fault.table]
    noise = table.usual**-0.5 if table.noise is None else table.noise
    far = max(math.log(1.6), FAR * noise)
    usual = math.log(table.usual_rows(fault.first_day))
    loads = BEFORE.loads(fault.table, fault.first_day)
    numbers = [fault.change(load).num_rows for load in loads]
    return all(not rows or abs(math.log(rows) - usual) > far for rows in numbers)


def _newest_before(fault: Fault, cursor: str) -> datetime:
    """Return the newest time of the three days before, without those of the future."""
    return max(
        moment
        for days in (1, 2, 3)
        for load in BEFORE.loads(fault.table, fault.first_day - days * DAY)
        for value in load.rows[cursor].to_pylist()
        if (moment := moment_of(value)) <= load.moment
    )


def moment_of(value: date) -> datetime:
    """Return the time itself, or a date's midnight."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), timezone.utc)


@cache
def faulty() -> FaultySeries:
    """Return the series with its faults. It takes two seconds."""
    faults = tuple(_plant())
    return FaultySeries(BEFORE.first_day, BEFORE.number, BEFORE.seed, faults)
