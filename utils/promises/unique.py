"""The rule that a key comes once in a load, whose batches are compared with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from utils.promises.rules import Check, Rule, array_of, column_of, has_order

if TYPE_CHECKING:
    import pyarrow as pa


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
            return array_of(column_of(batch, self.columns[0]))
        texts = [column_of(batch, name).cast(pa.string()) for name in self.columns]
        return array_of(pc.binary_join_element_wise(*texts, "\0"))


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

    if has_order(keys.type) and not keys.null_count:
        if pc.all(pc.less(keys[:-1], keys[1:]), min_count=0).as_py():
            return None  # they rise, which is known ten times as soon
    distinct = pc.count_distinct(keys, mode="only_valid").as_py()
    if distinct == len(keys) - keys.null_count:
        return None
    numbers = pa.array(range(len(keys)), pa.int64())
    rows = pa.table({"key": keys, "number": numbers}).group_by("key")
    first = rows.aggregate([("number", "min")])["number_min"]
    return pc.and_not(pc.is_valid(keys), pc.is_in(numbers, value_set=first))
