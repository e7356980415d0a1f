"""The ECB's archive: one CSV file in a ZIP, read into columns of text.

The file has a header `Date,USD,JPY,...`, then a row for each working day, a column for each
currency, `N/A` where none was quoted. Each line ends with a comma.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from utils.errors import ClearError
from utils.redaction.texts import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

HOLES = ["N/A", ""]
# In 2026 the file has 1.9 MB, and grows by 70 kB a year. Its first line has 169 bytes.
MOST_BYTES = 16 * 2**20
LONGEST_HEADER = 1_000
LONGEST_REASON = 200
# Others unpack a few kilobytes to megabytes at once, whatever is asked for.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class HistoryError(ClearError):
    """A file is not a whole, sound history of reference rates. Nothing was loaded."""

    def __init__(
        self, file: str, problem: str, row: int | None = None, column: str | None = None
    ) -> None:
        self.file, self.row, self.column = file, row, column
        place = [file]
        place += [f"row {row}"] if row is not None else []
        place += [f"column {column}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {problem}. Nothing was loaded from it.")


def read_archive(content: bytes, file: str) -> pa.Table:
    """Read all columns as text, holes as nulls: `Date`, then the currencies.

    Args:
        content: The ZIP archive as the ECB publishes it.
        file: Name or address of the archive, for error messages.

    Raises:
        HistoryError: The file is faulty. Names file, row (line of the CSV) and column.
    """
    csv = _unzip(content, file)
    names = _header(csv, file)
    columns = _read_columns(csv, names, file)
    _check_nameless(columns, names, file)
    return columns.select([name for name in names if name])


def _unzip(content: bytes, file: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = archive.infolist()
            if member.compress_type not in METHODS:
                raise ValueError("the method of compression is not the ECB's")
            with archive.open(member) as csv:
                unzipped = csv.read(MOST_BYTES + 1)
    # what zipfile raises for damaged archives, and for one with several members
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        ValueError,
    ) as error:
        # its text may have a name of 64 kB
        reason = excerpt(str(error), LONGEST_REASON)
        problem = f"is not a whole ZIP archive of one file ({reason})"
        raise HistoryError(file, problem) from error
    if len(unzipped) > MOST_BYTES:
        problem = (
            f"unpacks to more than {MOST_BYTES // 2**20} MiB, several times the history."
            " If the history is that long now, raise MOST_BYTES in"
            " sources/exchange_rates/archive.py"
        )
        raise HistoryError(file, problem)
    return unzipped


def _header(csv: bytes, file: str) -> list[str]:
    """Return the checked names of all columns: `Date`, currencies, an empty last one."""
    try:
        line = csv.decode().partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError as error:
        row = csv.count(b"\n", 0, error.start) + 1
        raise HistoryError(file, f"is not text ({error})", row) from error
    if len(line) > LONGEST_HEADER:
        raise HistoryError(file, f"has {len(line):,} characters, too many", row=1)
    names = line.split(",")
    if names[0] != "Date":
        raise HistoryError(file, f"found {excerpt(names[0])!r}, not 'Date'", 1, "1")
    currencies = names[1:-1] if names[-1] == "" else names[1:]
    for number, name in enumerate(currencies, start=2):
        if not re.fullmatch("[A-Z]{3}", name):
            problem = f"found {excerpt(name)!r}, not the three letters of a currency"
            raise HistoryError(file, problem, 1, str(number))
        if name in currencies[: number - 2]:
            raise HistoryError(file, f"{name} appears twice", 1, str(number))
    if not currencies:
        raise HistoryError(file, "there is no currency after 'Date'", 1)
    return names


def _read_columns(csv: bytes, names: list[str], file: str) -> pa.Table:
    """Return all columns as text, holes as nulls."""
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
            raise HistoryError(file, excerpt(str(error), LONGEST_REASON)) from error
        found, expected = wrong_rows[0].actual_columns, wrong_rows[0].expected_columns
        problem = f"has {found} fields where the header has {expected}"
        raise HistoryError(file, problem, wrong_rows[0].number) from error


def _check_nameless(wide: pa.Table, names: list[str], file: str) -> None:
    """Reject a value after the comma that ends each of the ECB's lines."""
    import pyarrow.compute as pc

    if names[-1] == "":
        row = pc.index(wide[""].is_valid(), True).as_py()
        if row >= 0:
            problem = f"{excerpt(wide[''][row].as_py())!r} is under no currency"
            raise HistoryError(file, problem, row + 2, str(len(names)))
