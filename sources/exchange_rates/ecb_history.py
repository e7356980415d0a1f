"""Reads the European Central Bank's history of euro reference rates into Arrow.

The ECB publishes one ZIP archive with one CSV file: a header `Date,USD,JPY,...`, then
a row for each working day since 4 January 1999, newest first, a column for each
currency, `N/A` where none was quoted. Everything is checked before a row leaves here:
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from datetime import date, timedelta
from typing import TYPE_CHECKING

from utils.errors import ClearError

if TYPE_CHECKING:
    import pyarrow as pa

EUROS_FIRST_DAY = date(1999, 1, 4)
HOLES = ["N/A", ""]
# Eight decimals hold every rate as published (the ECB gives five or six significant
# digits, 0.58231 pounds or 1,666,765 lira); one that does not fit is an error.
RATE_DIGITS, RATE_DECIMALS = 18, 8


class HistoryError(ClearError):
    """A file is not a whole, sound history of reference rates. Nothing of it is loaded."""

    def __init__(
        self, file: str, problem: str, row: int | None = None, column: str | None = None
    ) -> None:
        self.file, self.row, self.column = file, row, column
        place = [file]
        place += [f"row {row}"] if row is not None else []
        place += [f"column {column}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {problem}. Nothing was loaded from it.")


def read_history(content: bytes, file: str) -> pa.Table:
    """Turn a publication, one column a currency, into one row a rate.

    Args:
        content: The ZIP archive as the ECB publishes it.
        file: Where it came from, for error messages.

    Returns:
        `date` (date32), `currency` (three letters) and `rate` (decimal128(18, 8), units
        of the currency for one euro), one row for each rate published, none for a hole.
        The schema's metadata holds `file`.

    Raises:
        HistoryError: naming file, row (the line in the CSV file) and column.
    """
    import pyarrow as pa

    csv = _unzip(content, file)
    names = _header(csv, file)
    wide = _read_columns(csv, names, file)
    _check_nameless(wide, names, file)
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
        for currency in names[1:]
        if currency
    ).combine_chunks()


def _unzip(content: bytes, file: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = archive.namelist()
            return archive.read(member)
    # what zipfile raises for damaged archives, and for one with several members
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        ValueError,
    ) as error:
        problem = f"is not a whole ZIP archive of one file ({error})"
        raise HistoryError(file, problem) from error


def _header(csv: bytes, file: str) -> list[str]:
    """The names of all columns, checked: `Date`, the currencies, an empty last one."""
    try:
        names = csv.decode().partition("\n")[0].rstrip("\r").split(",")
    except UnicodeDecodeError as error:
        row = csv.count(b"\n", 0, error.start) + 1
        raise HistoryError(file, f"is not text ({error})", row) from error
    if names[0] != "Date":
        raise HistoryError(file, f"found {names[0][:40]!r}, not 'Date'", 1, "1")
    currencies = names[1:-1] if names[-1] == "" else names[1:]
    for number, name in enumerate(currencies, start=2):
        if not re.fullmatch("[A-Z]{3}", name):
            problem = f"found {name[:40]!r}, not the three letters of a currency"
            raise HistoryError(file, problem, 1, str(number))
        if name in currencies[: number - 2]:
            raise HistoryError(file, f"{name} appears twice", 1, str(number))
    if not currencies:
        raise HistoryError(file, "there is no currency after 'Date'", 1)
    return names


def _read_columns(csv: bytes, names: list[str], file: str) -> pa.Table:
    """All columns as text, holes as nulls."""
    import pyarrow as pa
    import pyarrow.csv as pc

    if not csv.endswith(b"\n"):
        raise HistoryError(file, "the line is cut off", row=csv.count(b"\n") + 1)
    wrong_rows: list[pc.InvalidRow] = []

    def refuse(row: pc.InvalidRow) -> str:
        wrong_rows.append(row)
        return "error"

    try:
        return pc.read_csv(
            io.BytesIO(csv),
            # one thread: with more, Arrow does not count rows
            read_options=pc.ReadOptions(use_threads=False),
            parse_options=pc.ParseOptions(
                quote_char=False, ignore_empty_lines=False, invalid_row_handler=refuse
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=HOLES,
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if not wrong_rows:
            raise HistoryError(file, str(error)) from error
        found, expected = wrong_rows[0].actual_columns, wrong_rows[0].expected_columns
        problem = f"has {found} fields where the header has {expected}"
        raise HistoryError(file, problem, wrong_rows[0].number) from error


def _check_nameless(wide: pa.Table, names: list[str], file: str) -> None:
    """The ECB ends lines with a comma. A value there belongs to some other column."""
    import pyarrow.compute as pc

    if names[-1] == "":
        row = pc.index(wide[""].is_valid(), True).as_py()
        if row >= 0:
            problem = f"{wide[''][row].as_py()[:40]!r} is under no currency"
            raise HistoryError(file, problem, row + 2, str(len(names)))


def _cast(
    values: pa.ChunkedArray, to: pa.DataType, file: str, column: str, expected: str
) -> pa.ChunkedArray:
    """Cast text, strictly; the first value that cannot be cast is named."""
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
    """All there, newest first, from at most tomorrow (time zones) to the euro's first."""
    import pyarrow.compute as pc

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
