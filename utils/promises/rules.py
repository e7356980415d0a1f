"""Rules on values: each says which rows of an Arrow batch break it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    import pyarrow as pa

Check = Callable[["pa.Table"], "pa.Array | None"]
"""Returns the mask of the rows that break a rule, None if no row does."""


@dataclass(frozen=True)
class Rule(ABC):
    """Rule on the values of columns."""

    columns: tuple[str, ...]

    @property
    @abstractmethod
    def words(self) -> str:
        """The rule in words, after the columns' names: `price is between 0 and 100`."""

    @abstractmethod
    def checks(self) -> Check:
        """Return the check of one load, whose batches it gets in their order."""

    def example(self, row: dict[str, Any]) -> str:
        """Return the values of a row that breaks the rule."""
        values = {name: row[name] for name in self.columns}
        return ", ".join(
            f"{name} {'NULL' if value is None else repr(str(value))}"
            for name, value in values.items()
        )


@dataclass(frozen=True)
class NotNull(Rule):
    """A column has a value in each row."""

    @property
    def words(self) -> str:
        return f"{self.columns[0]} is not NULL"

    def checks(self) -> Check:
        return self._check

    def _check(self, batch: pa.Table) -> pa.Array | None:
        column = batch[self.columns[0]]
        return _array(column.is_null()) if column.null_count else None


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

    def checks(self) -> Check:
        return self._check

    def _check(self, batch: pa.Table) -> pa.Array | None:
        import pyarrow.compute as pc

        column = batch[self.columns[0]]
        within = pc.is_valid(column)
        if self.lowest is not None:
            within = pc.and_(within, pc.greater_equal(column, self.lowest))
        if self.highest is not None:
            within = pc.and_(within, pc.less_equal(column, self.highest))
        return _broken(column, within)


@dataclass(frozen=True)
class Accepted(Rule):
    """A column has no values except those listed."""

    values: tuple[Any, ...]

    @property
    def words(self) -> str:
        return f"{self.columns[0]} is one of {', '.join(map(str, self.values))}"

    def checks(self) -> Check:
        return self._check

    def _check(self, batch: pa.Table) -> pa.Array | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = batch[self.columns[0]]
        if column.null_count == len(column):
            return None  # it may have no type either
        values = pa.array(self.values).cast(column.type)
        return _broken(column, pc.is_in(column, value_set=values))


@dataclass(frozen=True)
class Unique(Rule):
    """A key comes once in a load. Keys with a NULL are not compared."""

    @property
    def words(self) -> str:
        if len(self.columns) == 1:
            return f"{self.columns[0]} comes once in a load"
        return f"{' and '.join(self.columns)} together come once in a load"

    def checks(self) -> Check:
        return _Keys(self.columns).repeated


class _Keys:
    """Keys of the batches of a load so far."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._seen: list[pa.Array] = []
        self._highest: Any = None

    def repeated(self, batch: pa.Table) -> pa.Array | None:
        """Return the rows whose key a row before them has."""
        import pyarrow as pa
        import pyarrow.compute as pc

        keys = self._keys(batch)
        lowest, highest = pc.min_max(keys).values()
        if not lowest.is_valid:
            return None
        broken = _repeated_within(keys)
        # Keys mostly rise from batch to batch: then there is nothing to look up.
        if self._seen and not pc.greater(lowest, self._highest).as_py():
            seen = pa.chunked_array(self._seen)
            before = pc.and_(pc.is_valid(keys), pc.is_in(keys, value_set=seen))
            if pc.any(before).as_py():
                broken = before if broken is None else pc.or_(broken, before)
        self._seen.append(keys)
        if self._highest is None or pc.greater(highest, self._highest).as_py():
            self._highest = highest
        return broken

    def _keys(self, batch: pa.Table) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        if len(self._columns) == 1:
            return _array(batch[self._columns[0]])
        texts = [batch[name].cast(pa.string()) for name in self._columns]
        return _array(pc.binary_join_element_wise(*texts, "\0"))


def _repeated_within(keys: pa.Array) -> pa.Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    distinct = pc.count_distinct(keys, mode="only_valid").as_py()
    if distinct == len(keys) - keys.null_count:
        return None
    numbers = pa.array(range(len(keys)), pa.int64())
    rows = pa.table({"key": keys, "number": numbers}).group_by("key")
    first = rows.aggregate([("number", "min")])["number_min"]
    return pc.and_not(pc.is_valid(keys), pc.is_in(numbers, value_set=first))


def _broken(column: pa.ChunkedArray, kept: pa.ChunkedArray) -> pa.Array | None:
    """Return the mask of values that are not kept. NULL is not judged."""
    import pyarrow.compute as pc

    broken = pc.and_not(pc.is_valid(column), pc.fill_null(kept, False))
    return _array(broken) if pc.any(broken).as_py() else None


def _array(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    combined = column.combine_chunks()
    # of no chunks or several it may be chunked still
    return (
        pa.concat_arrays(combined.chunks) if hasattr(combined, "chunks") else combined
    )
