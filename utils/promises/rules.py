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
        column = _column(batch, self.columns[0])
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

    def broken(self, batch: pa.Table) -> pa.Array | None:
        import pyarrow.compute as pc

        column = _column(batch, self.columns[0])
        within = pc.is_valid(column)
        if self.lowest is not None:
            within = pc.and_(within, pc.greater_equal(column, self.lowest))
        if self.highest is not None:
            within = pc.and_(within, pc.less_equal(column, self.highest))
        return _not_kept(column, within)


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

        column = _column(batch, self.columns[0])
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


@dataclass(frozen=True)
class Unique(Rule):
    """A key comes once in a load. Keys with a NULL are not compared."""

    @property
    def words(self) -> str:
        if len(self.columns) == 1:
            return f"{self.columns[0]} comes once in a load"
        return f"{' and '.join(self.columns)} together come once in a load"

    def check(self, at_once: bool) -> Check:
        return _UniqueCheck(self, at_once)

    def broken(self, batch: pa.Table) -> pa.Array | None:
        """Return the rows whose key a row before them in the batch has."""
        return _repeated_within(self.keys(batch))

    def keys(self, batch: pa.Table) -> pa.Array:
        """Return the keys of a batch. Those of several columns are texts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if len(self.columns) == 1:
            return _array(_column(batch, self.columns[0]))
        texts = [_column(batch, name).cast(pa.string()) for name in self.columns]
        return _array(pc.binary_join_element_wise(*texts, "\0"))


class _UniqueCheck(Check):
    """Check of all keys of a load, which stay in memory until its end.

    Keys mostly rise from batch to batch. If they do not, and there is time until the end,
    they are compared only then: to look up each batch among all before it would take time
    in proportion to the square of the rows.
    """

    def __init__(self, rule: Unique, at_once: bool) -> None:
        super().__init__(rule)
        self._unique = rule
        self._at_once = at_once
        self._seen: list[pa.Array] = []
        self._highest: pa.Scalar | None = None
        self._rises = True

    def broken(self, batch: pa.Table) -> pa.Array | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        keys = self._unique.keys(batch)
        lowest, highest = pc.min_max(keys).values()
        if not lowest.is_valid:
            return None
        if self._seen:
            keys = keys.cast(self._seen[0].type)  # of an API's rows it may differ
        broken = _repeated_within(keys)
        if self._highest is not None and not pc.greater(lowest, self._highest).as_py():
            self._rises = False
            if self._at_once:
                seen = pa.chunked_array(self._seen)
                before = pc.and_(pc.is_valid(keys), pc.is_in(keys, value_set=seen))
                broken = before if broken is None else pc.or_(broken, before)
        self._seen.append(keys)
        if self._highest is None or pc.greater(highest, self._highest).as_py():
            self._highest = highest
        return broken if broken is not None and pc.any(broken).as_py() else None

    def broken_in_all(self) -> tuple[int, str]:
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._rises or self._at_once:
            return 0, ""
        keys = pa.chunked_array(self._seen).drop_null()
        repeated = len(keys) - pc.count_distinct(keys).as_py()
        if not repeated:
            return 0, ""
        counts = keys.value_counts()
        several = counts.filter(pc.greater(counts.field("counts"), 1))
        parts = str(several[0]["values"].as_py()).split("\0")
        return repeated, self.rule.values(dict(zip(self.rule.columns, parts)))


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


def _not_kept(column: pa.ChunkedArray, kept: pa.ChunkedArray) -> pa.Array | None:
    """Return the mask of the values that are not kept. NULL is not judged."""
    import pyarrow.compute as pc

    broken = pc.and_not(pc.is_valid(column), pc.fill_null(kept, False))
    return _array(broken) if pc.any(broken).as_py() else None


def _column(batch: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column's values. Arrow compares no encoded ones."""
    import pyarrow as pa

    column = batch[name]
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _array(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    combined = column.combine_chunks()
    # of no chunks or several it may be chunked still
    return (
        pa.concat_arrays(combined.chunks) if hasattr(combined, "chunks") else combined
    )
