"""Whether a history of the ECB's has all that someone is known to have already.

A file can be sound in itself, and yet be an older one, or have lost days or a currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sources.exchange_rates.ecb_history import HistoryError

if TYPE_CHECKING:
    import pyarrow as pa


def require_days(history: pa.Table, days: pa.Array, owner: str) -> None:
    """Refuse a history that lacks days which `owner` is known to have.

    Raises:
        HistoryError: naming the row at which the newest missing day should be.
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
    """Refuse a history without a column for a currency that `owner` is known to have.

    Raises:
        HistoryError: naming the header's row and the currencies.
    """
    missing = set(currencies.unique().to_pylist())
    missing -= set(history["currency"].unique().to_pylist())
    if missing:
        problem = f"there is no {', '.join(sorted(missing))}, which {owner} has"
        raise HistoryError(_file(history), problem, row=1)


def _file(history: pa.Table) -> str:
    """Where a history came from."""
    return history.schema.metadata[b"file"].decode()
