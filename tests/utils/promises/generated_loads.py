"""Tables as a small organisation has them, and a series of their loads without any fault.

Written from the specification of promises alone, before the code. What is no fault: growth,
noise, weekdays, months' ends, holidays, late rows, NULLs and changed distributions where
nothing is promised, values at the very ends of a promised range, and rows of next year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Iterator

import pyarrow as pa

from tests.utils.promises.generated_table import (
    GeneratedTable,
    Load,
    Promises,
    amounts,
    channels,
    dates,
    ids,
    named,
    one_of,
    times,
)

STATUSES = ("open", "paid", "sent", "returned")
DEVICES = ("phone", "tablet", "computer")
COUNTRIES = ("AT", "CH", "DE", "FR", "IT")
SEVERITIES = ("low", "middle", "high")
CENTS = pa.decimal128(12, 2)

ORDERS = GeneratedTable(
    "orders",
    Promises(
        fresh=("ordered_at", timedelta(hours=36)),
        rows=True,
        not_null=("order_id", "price"),
        unique=("order_id",),
        between={"price": (0.5, 500)},
        accepted={"status": STATUSES},
    ),
    {
        "order_id": ids(),
        "ordered_at": times(24),
        "price": amounts(0.5, 500),
        "status": one_of(STATUSES),
        "channel": channels(),
        "note": named("note", null=0.03),
    },
    usual=400,
    noise=0.05,
    month_ends=True,
)
"""Steady."""

VISITS = GeneratedTable(
    "visits",
    Promises(
        fresh=("visited_at", timedelta(hours=30)),
        rows=True,
        not_null=("visit_id",),
        accepted={"device": DEVICES},
        broken="set aside",
    ),
    {
        "visit_id": ids(),
        "visited_at": times(24),
        "device": one_of(DEVICES, null=0.02),
        "channel": channels(),
    },
    usual=500,
    noise=0.06,
    weekdays=(1, 1.05, 1, 0.95, 0.9, 0.2, 0.2),
    holidays=True,
)
"""A fifth at weekends."""

INVOICES = GeneratedTable(
    "invoices",
    Promises(
        fresh=("invoiced_on", timedelta(hours=72)),
        rows=True,
        not_null=("customer",),
        unique=("invoice_id",),
        between={"total": (1, 20_000)},
    ),
    {
        "invoice_id": ids(),
        "invoiced_on": dates(),
        "customer": named("customer"),
        "total": amounts(1, 20_000, CENTS),
        "note": named("note", null=0.03),
    },
    usual=250,
    noise=0.07,
    weekdays=(1, 1, 1, 1, 1, 1, 0),
    holidays=True,
)
"""Nothing on Sundays. Dates and decimals."""

MEMBERS = GeneratedTable(
    "members",
    Promises(
        rows=True,
        unique=("email",),
        accepted={"country": COUNTRIES},
        broken="set aside",
    ),
    {
        "member_id": ids(),
        "email": named("member", null=0.1),
        "country": one_of(COUNTRIES, null=0.05),
    },
    usual=300,
    noise=0.05,
    weekly_growth=0.03,
)
"""Growing. NULLs in its key, and no cursor."""

DONATIONS = GeneratedTable(
    "donations",
    Promises(
        fresh=("given_at", timedelta(hours=44)),
        rows=True,
        not_null=("donor", "amount"),
        between={"amount": (1, 5_000)},
        broken="set aside",
    ),
    {
        "donor": named("donor"),
        "given_at": times(24, wrong_years=0.005),
        "amount": amounts(1, 5_000),
        "channel": channels(),
    },
    usual=400,
    noise=0.17,
    month_ends=True,
)
"""Noisy. Some rows are of next year."""

INCIDENTS = GeneratedTable(
    "incidents",
    Promises(
        fresh=("reported_at", timedelta(hours=36)),
        rows=True,
        not_null=("incident_id",),
        accepted={"severity": SEVERITIES},
    ),
    {
        "incident_id": ids(),
        "reported_at": times(24),
        "severity": one_of(SEVERITIES),
    },
    usual=24,
)
"""Small."""

RATES = GeneratedTable(
    "rates",
    Promises(
        fresh=("published_on", timedelta(hours=48)),
        rows=True,
        unique=("currency", "published_on"),
        between={"rate": (0.01, 200)},
    ),
    {
        "currency": named("currency"),
        "published_on": dates(),
        "rate": amounts(0.01, 200),
    },
    usual=31,
    noise=0,
)
"""The same number of rows each day."""

READINGS = GeneratedTable(
    "readings",
    Promises(
        fresh=("measured_at", timedelta(hours=3)),
        rows=True,
        not_null=("lux",),
        unique=("sensor", "measured_at"),
        between={"lux": (0.1, 10_000)},
    ),
    {
        "sensor": named("sensor"),
        "measured_at": times(1),
        "lux": amounts(0.1, 10_000),
    },
    usual=20,
    noise=0.05,
    hours=tuple(range(24)),
)
"""Hourly."""

TABLES: dict[str, GeneratedTable] = {
    table.name: table
    for table in (
        *(ORDERS, VISITS, INVOICES, MEMBERS),
        *(DONATIONS, INCIDENTS, RATES, READINGS),
    )
}


@dataclass(frozen=True)
class Series:
    """Days of loads of all tables, without any fault."""

    first_day: date
    number: int
    """Number of days."""
    seed: int

    @property
    def days(self) -> Iterator[date]:
        """Return the days in their order."""
        return (self.first_day + timedelta(days=i) for i in range(self.number))

    def loads(self, table: str, day: date) -> list[Load]:
        """Return the table's loads of a day, also of one before the series."""
        return TABLES[table].loads(day, self.seed)


CLEAN = Series(date(2026, 5, 4), number=7 * (4 + 13), seed=1)
"""Four weeks to learn from, and a quarter to count false alarms in."""
