"""Compares a history of the ECB's with what was published before.

A sound file can still be an older one, or lack days or a currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sources.exchange_rates.archive import HistoryError

if TYPE_CHECKING:
    import pyarrow as pa


def require_days(history: pa.Table, days: pa.Array, owner: str) -> None:
    """Reject a history that lacks one of these days.

    Args:
        history: The history as `read_history` gives it.
        days: Days that the history must have.
        owner: Who has these days already, for the error.

    Raises:
        HistoryError: A day is missing. Names the row where the newest of them should be.
    """
    import pyarrow.compute as pc

    published = history["date"].unique()
    missing = days.unique().filter(pc.invert(pc.is_in(days.unique(), published)))
    if len(missing) == 0:
        return
    newest = pc.max(missing)
    newer_in_file = pc.sum(pc.greater(published, newest)).as_py()
    problem = (
        f"{newest} is missing, and {len(missing) - 1:,} more days that {owner} has; the"
        f" file has {len(published):,} days, {pc.min(published)} to {pc.max(published)}"
    )
    if newer_in_file == 0:
        problem += ": load a later publication, with refresh"
    raise HistoryError(_file(history), problem, 2 + newer_in_file, "Date")


def require_currencies(history: pa.Table, currencies: pa.Array, owner: str) -> None:
    """Reject a history that lacks one of these currencies.

    Args:
        history: The history as `read_history` gives it.
        currencies: Currencies that the history must have.
        owner: Who has these currencies already, for the error.

    Raises:
        HistoryError: A currency is missing. Names the header's row and the currencies.
    """
    missing = set(currencies.unique().to_pylist())
    missing -= set(history["currency"].unique().to_pylist())
    if missing:
        problem = f"there is no {', '.join(sorted(missing))}, which {owner} has"
        raise HistoryError(_file(history), problem, row=1)


def _file(history: pa.Table) -> str:
    """Return the file that a history was read from."""
    return history.schema.metadata[b"file"].decode()
