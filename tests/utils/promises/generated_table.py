"""A made-up table: its promises, its columns, and its loads, which vary as real ones do."""

from __future__ import annotations

import math
import random
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Callable, Literal

import pyarrow as pa

HOLIDAYS = ((1, 1), (4, 2), (7, 2), (10, 1))
"""Months and days. No 91 days have two of them."""

Value = Callable[[random.Random, datetime, int], Any]
"""Makes the value of a row from chance, the load's moment and the row's number."""
Column = tuple[pa.DataType, Value]


@dataclass(frozen=True)
class Promises:
    """Promises of a table, in words that no implementation knows."""

    fresh: tuple[str, timedelta] | None = None
    """Cursor column and longest age."""
    rows: bool = False
    not_null: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    between: dict[str, tuple[float, float]] = field(default_factory=dict)
    accepted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    broken: Literal["fail", "set aside"] = "fail"


@dataclass(frozen=True)
class Load:
    """Rows that one run brings."""

    moment: datetime
    rows: pa.Table


@dataclass(frozen=True)
class GeneratedTable:
    """Table whose loads of a day are the same for the same seed."""

    name: str
    promises: Promises
    columns: dict[str, Column]
    usual: float
    """Rows of a load, but for weekdays, growth and peculiar days."""
    noise: float | None = None
    """Standard deviation of the logarithm of a load's rows. None: Poisson."""
    weekdays: tuple[float, ...] = (1,) * 7
    """Factors from Monday on."""
    weekly_growth: float = 0.0
    month_ends: bool = False
    """Whether a month's last day has 30 % more."""
    holidays: bool = False
    """Whether a holiday has few rows."""
    hours: tuple[int, ...] = (22,)
    """When the loads of a day begin, UTC."""

    def is_peculiar(self, day: date) -> bool:
        """Return whether a day has other numbers of rows, which is no fault."""
        return self.usual_rows(day) == 0 or self._peculiarity(day) != 1

    def usual_rows(self, day: date) -> float:
        """Return how many rows a load of this day has but for chance."""
        growth = (1 + self.weekly_growth) ** ((day - date(2026, 1, 1)).days / 7)
        usual = self.usual * growth * self.weekdays[day.weekday()]
        return usual * self._peculiarity(day)

    def _peculiarity(self, day: date) -> float:
        if self.holidays and (day.month, day.day) in HOLIDAYS:
            return 0.3
        is_last = day.day == monthrange(day.year, day.month)[1]
        return 1.3 if self.month_ends and is_last else 1

    def loads(self, day: date, seed: int) -> list[Load]:
        """Return the loads of a day: one, or one for each hour."""
        return [self._load(day, hour, seed) for hour in self.hours]

    def _load(self, day: date, hour: int, seed: int) -> Load:
        chance = random.Random(f"{seed} {self.name} {day} {hour}")
        moment = datetime.combine(day, time(hour), timezone.utc)
        # up to 20 minutes late; the hourly ones less than a minute
        moment += timedelta(seconds=chance.randint(0, 1200 // len(self.hours)))
        rows = self.usual_rows(day)
        if self.noise is None:
            count = _poisson(chance, rows)
        else:
            count = round(rows * chance.lognormvariate(0, self.noise))
        return Load(moment, self.rows(chance, moment, count))

    def rows(self, chance: random.Random, moment: datetime, count: int) -> pa.Table:
        """Return new rows, as many as asked for."""
        columns = {}
        for name, (type_, value) in self.columns.items():
            values = [value(chance, moment, number) for number in range(count)]
            columns[name] = pa.array(values).cast(type_)
        return pa.table(columns)


def _poisson(chance: random.Random, mean: float) -> int:
    count, passed = 0, chance.expovariate(mean)
    while passed < 1:
        count, passed = count + 1, passed + chance.expovariate(mean)
    return count


def times(hours: int, wrong_years: float = 0) -> Column:
    """Make times of the last hours. One row in a hundred is days late."""

    def time_of(chance: random.Random, moment: datetime, number: int) -> datetime:
        if chance.random() < wrong_years:
            return moment + timedelta(days=365)
        late = 24 * chance.randint(1, 5) if chance.random() < 0.01 else 0
        return moment - timedelta(hours=late + hours * chance.random())

    return pa.timestamp("us", "UTC"), time_of


def dates() -> Column:
    """Make dates of the load's day. Two rows in a hundred are days late."""

    def date_of(chance: random.Random, moment: datetime, number: int) -> date:
        late = chance.randint(1, 5) if chance.random() < 0.02 else 0
        return moment.date() - timedelta(days=late)

    return pa.date32(), date_of


def amounts(low: float, high: float, type_: pa.DataType = pa.float64()) -> Column:
    """Make amounts around the middle. The few that would be outside are at an end."""

    def amount(chance: random.Random, moment: datetime, number: int) -> float:
        free = chance.lognormvariate(math.log(low * high) / 2, 1.5)
        return round(min(max(free, low), high), 2)

    return type_, amount


def one_of(values: tuple[str, ...], null: float = 0) -> Column:
    """Make texts of a list, some of them NULL."""
    return _text(lambda chance, number: chance.choice(values), null)


def named(word: str, null: float = 0) -> Column:
    """Make names that no two rows of a load share, some of them NULL."""
    return _text(lambda chance, number: f"{word} {number}", null)


def _text(value: Callable[[random.Random, int], str], null: float) -> Column:
    def text(chance: random.Random, moment: datetime, number: int) -> str | None:
        return None if chance.random() < null else value(chance, number)

    return pa.string(), text


def ids() -> Column:
    """Make numbers that no two rows of a table share."""
    return pa.int64(), lambda _, moment, number: (
        int(moment.timestamp()) // 3600 * 10_000 + number
    )


def channels() -> Column:
    """Make texts that are distributed differently each month."""

    def channel(chance: random.Random, moment: datetime, number: int) -> str:
        web = 0.2 if moment.month % 2 else 0.8
        return "web" if chance.random() < web else "shop"

    return pa.string(), channel
