"""Reads the European Central Bank's history of euro reference rates into Arrow.

A publication has every working day since 4 January 1999, newest first. All of it is checked
before a row is loaded:
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sources.exchange_rates.archive import HistoryError, read_archive

if TYPE_CHECKING:
    import pyarrow as pa

EUROS_FIRST_DAY = date(1999, 1, 4)
# Eight decimals hold every rate as published (the ECB gives five or six significant
# digits, 0.58231 pounds or 1,666,765 lira); one that does not fit is an error.
RATE_DIGITS, RATE_DECIMALS = 18, 8


def read_history(content: bytes, file: str) -> pa.Table:
    """Turn a publication with a column per currency into one row per rate.

    Args:
        content: The ZIP archive as the ECB publishes it.
        file: Name or address of the archive, for error messages.

    Returns:
        `date` (date32), `currency` (three letters) and `rate` (decimal128(18, 8), units
        of the currency for one euro), one row for each rate published, none for a hole.
        The schema's metadata holds `file`.

    Raises:
        HistoryError: The file is faulty. Names file, row (line of the CSV) and column.
    """
    import pyarrow as pa

    wide = read_archive(content, file)
    days = _cast(wide["Date"], pa.date32(), file, "Date", "a date such as 2024-12-31")
    _check_days(days, file)

    schema = pa.schema(
        [
            pa.field("date", pa.date32(), nullable=False),
            pa.field("currency", pa.string(), nullable=False),
            pa.field("rate", pa.decimal128(RATE_DIGITS, RATE_DECIMALS), nullable=False),
        ],
        metadata={"file": file},
    )
    return pa.concat_tables(
        _one_currency(days, wide[currency], currency, schema, file)
        for currency in wide.column_names[1:]
    ).combine_chunks()


def _cast(
    values: pa.ChunkedArray, to: pa.DataType, file: str, column: str, expected: str
) -> pa.ChunkedArray:
    """Cast text strictly, and name the first value that cannot be cast."""
    import pyarrow as pa

    try:
        return values.cast(to)
    except pa.ArrowInvalid:
        for row, value in enumerate(values, start=2):
            try:
                value.cast(to)
            except pa.ArrowInvalid as error:
                problem = f"{value.as_py()[:40]!r} is not {expected}"
                raise HistoryError(file, problem, row, column) from error
        raise


def _check_days(days: pa.ChunkedArray, file: str) -> None:
    """Reject days that are missing, not in descending order or in the future.

    The newest may be tomorrow (time zones), the last is the euro's first day.
    """
    import pyarrow.compute as pc

    if len(days) > (date.today() - EUROS_FIRST_DAY).days + 2:
        problem = f"there are {len(days):,} rows, more than days since the euro's first"
        raise HistoryError(file, problem)
    if days.null_count:
        row = pc.index(days.is_null(), True).as_py() + 2
        raise HistoryError(file, "there is no date", row, "Date")
    above = date.today() + timedelta(days=2)
    for row, day in enumerate(days.to_pylist(), start=2):
        if day >= above:
            problem = "is in the future" if row == 2 else f"is not before {above}"
            raise HistoryError(file, f"{day} {problem}", row, "Date")
        above = day
    if not days or above != EUROS_FIRST_DAY:
        problem = f"the history does not end with the euro's first, {EUROS_FIRST_DAY}"
        raise HistoryError(file, problem, len(days) + 1, "Date")


def _one_currency(
    days: pa.ChunkedArray,
    texts: pa.ChunkedArray,
    currency: str,
    schema: pa.Schema,
    file: str,
) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    rates = _cast(texts, schema.field("rate").type, file, currency, "a rate")
    not_positive = pc.index(pc.less_equal(rates, 0), True).as_py()
    if not_positive >= 0:
        problem = f"{texts[not_positive]} is not a positive number"
        raise HistoryError(file, problem, not_positive + 2, currency)
    quoted = rates.is_valid()
    rates = rates.filter(quoted)
    return pa.table(
        [days.filter(quoted), pa.repeat(currency, len(rates)), rates], schema=schema
    )
