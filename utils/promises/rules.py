"""Rules on values: each says which rows of an Arrow batch break it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Rule(ABC):
    """Rule on the values of columns."""

    columns: tuple[str, ...]

    @property
    @abstractmethod
    def words(self) -> str:
        """Rule in words: `price is between 0 and 100`."""

    def check(self, at_once: bool) -> Check:
        """Return the check of one load, which gets its batches in their order.

        Args:
            at_once: Whether rows that break the rule must be found in their own batch.
        """
        return Check(self)

    @abstractmethod
    def broken(self, batch: pa.Table) -> pa.Array | None:
        """Return the mask of the rows that break the rule, None if no row does."""

    def values(self, row: dict[str, Any]) -> str:
        """Return what a row has in the rule's columns."""
        return ", ".join(
            f"{name} {'NULL' if row[name] is None else repr(str(row[name]))}"
            for name in self.columns
        )


class Check:
    """Check of a rule in the batches of one load."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def broken(self, batch: pa.Table) -> pa.Array | None:
        """Return the mask of the rows that break the rule, None if no row does."""
        return self.rule.broken(batch)

    def broken_in_all(self) -> tuple[int, str]:
        """Return how many rows break the rule that no batch has shown, and what one has."""
        return 0, ""


@dataclass(frozen=True)
class NotNull(Rule):
    """A column has a value in each row."""

    @property
    def words(self) -> str:
        return f"{self.columns[0]} is not NULL"

    def broken(self, batch: pa.Table) -> pa.Array | None:
        column = column_of(batch, self.columns[0])
        return array_of(column.is_null()) if column.null_count else None


@dataclass(frozen=True)
class Between(Rule):
    """A column's values are within bounds, which may be None."""

    lowest: Any
    highest: Any

    @property
    def words(self) -> str:
        name = self.columns[0]
        if self.highest is None:
            return f"{name} is at least {self.lowest}"
        if self.lowest is None:
            return f"{name} is at most {self.highest}"
        return f"{name} is between {self.lowest} and {self.highest}"

    def broken(self, batch: pa.Table) -> pa.Array | None:
        import pyarrow.compute as pc

        column = column_of(batch, self.columns[0])
        if has_order(column.type):  # all are within if the extremes are: soon known
            extremes = pc.min_max(column).values()
            if all(self._within(each).as_py() for each in extremes):
                return None
        return _not_kept(column, self._within(column))

    def _within(self, values: Any) -> Any:
        """Return the mask of the values, or of one scalar, that are within."""
        import pyarrow.compute as pc

        within = pc.is_valid(values)
        if self.lowest is not None:
            within = pc.and_(within, pc.greater_equal(values, self.lowest))
        if self.highest is not None:
            within = pc.and_(within, pc.less_equal(values, self.highest))
        return within


@dataclass(frozen=True)
class Accepted(Rule):
    """A column has no values except those listed."""

    accepted: tuple[Any, ...]

    @property
    def words(self) -> str:
        return f"{self.columns[0]} is one of {', '.join(map(str, self.accepted))}"

    def broken(self, batch: pa.Table) -> pa.Array | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = column_of(batch, self.columns[0])
        if column.null_count == len(column):
            return None  # it may have no type either
        values = []
        for value in self.accepted:
            try:
                values.append(pa.scalar(value).cast(column.type).as_py())
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                continue  # no value of this column equals it
        accepted = pa.array(values, column.type)
        return _not_kept(column, pc.is_in(column, value_set=accepted))


def _not_kept(column: pa.ChunkedArray, kept: pa.ChunkedArray) -> pa.Array | None:
    """Return the mask of the values that are not kept. NULL is not judged."""
    import pyarrow.compute as pc

    broken = pc.and_not(pc.is_valid(column), pc.fill_null(kept, False))
    return array_of(broken) if pc.any(broken).as_py() else None


def column_of(batch: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column's values. Arrow compares no encoded ones."""
    import pyarrow as pa

    column = batch[name]
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def has_order(type: pa.DataType) -> bool:
    """Return whether values of a type can be compared at once, and none is NaN."""
    import pyarrow as pa

    return bool(
        pa.types.is_integer(type)
        or pa.types.is_decimal(type)
        or pa.types.is_temporal(type)
    )


def array_of(column: pa.ChunkedArray) -> pa.Array:
    """Return the column in one piece."""
    import pyarrow as pa

    combined = column.combine_chunks()
    # of no chunks or several it may be chunked still
    return (
        pa.concat_arrays(combined.chunks) if hasattr(combined, "chunks") else combined
    )
