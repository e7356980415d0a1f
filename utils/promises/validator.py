"""Check of a resource's rows, batch by batch, before they are loaded.

A validator in dlt's sense, which stays behind all other steps of its resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Sequence

import dlt
from dlt.extract.hints import HintsMeta
from dlt.extract.items import TableNameMeta
from dlt.extract.items_transform import ValidateItem

from utils.errors import ClearError, nearest, sentence
from utils.promises.rules import Check, Rule
from utils.promises.set_aside import divided
from utils.redaction.texts import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

# The newest value that was ever loaded, in the resource's state.
NEWEST = "newest"
MOST_SET_ASIDE = 0.1


@dataclass(frozen=True)
class Promises:
    """Promises of a table."""

    cursor: str | None
    """Column whose newest value tells how fresh the table is."""
    longest_age: timedelta | None
    """Age that the newest value does not reach."""
    usual_rows: bool
    """Whether a load has about as many rows as its weekday's loads usually have."""


class PromiseBroken(ClearError):
    """Rows break a promise of their table. Nothing was loaded."""


class PromisedValues(ValidateItem):
    """Step of a resource that applies the rules of its table."""

    def __init__(
        self, promises: Promises, rules: Sequence[Rule], sets_aside: bool
    ) -> None:
        super().__init__(lambda item: item)
        self.promises = promises
        self._rules = rules
        self._sets_aside = sets_aside
        self._columns = list(dict.fromkeys(c for rule in rules for c in rule.columns))
        self.begin("", replaces=False)

    def begin(self, resource: str, replaces: bool) -> None:
        """Forget the rows of an earlier load.

        Args:
            resource: Name of the resource.
            replaces: Whether the load replaces the table.
        """
        self.table_name = resource
        self._checks: list[tuple[Rule, Check]] = [
            (rule, rule.checks()) for rule in self._rules
        ]
        self._began = datetime.now(UTC)
        self.rows = 0
        self.set_aside = 0
        self._replaces = replaces

    def __call__(self, item: Any, meta: Any = None) -> Any:
        """Return a batch, or its rows that keep the rules and those set aside."""
        if isinstance(meta, HintsMeta):
            if meta.hints.get("write_disposition") == "replace":
                self._replaces = True
        elif isinstance(meta, TableNameMeta):
            return item  # rows of another table
        batch = self._as_arrow(item)
        if batch is None or not batch.num_rows:
            return item
        self._note_newest(batch)
        broken = self._broken(batch)
        self.rows += batch.num_rows
        if broken is None:
            return item
        self.set_aside += len(broken)
        return divided(item, batch, broken, self.table_name, self._began)

    def require_few_set_aside(self) -> None:
        """Reject a load that would set aside most of its rows.

        Raises:
            PromiseBroken: More than `MOST_SET_ASIDE` of the rows are set aside.
        """
        if self.set_aside > MOST_SET_ASIDE * self.rows:
            raise self._promise_broken(
                f"{self.set_aside:,} of the {self.rows:,} rows, more than the"
                f" {MOST_SET_ASIDE:.0%} that may be set aside"
            )

    def _promise_broken(self, rows: str) -> PromiseBroken:
        return PromiseBroken(
            f"Table {self.table_name} breaks its promise that {self._broken_rule}: {rows},"
            f" for example with {self._example}. Nothing was loaded. Correct the rows in"
            " the source, or change the promise beside the resource."
        )

    def _as_arrow(self, item: Any) -> pa.Table | None:
        """Return the columns that promises name, None for what has no rows."""
        import pyarrow as pa

        if isinstance(item, pa.RecordBatch):
            item = pa.Table.from_batches([item])
        if isinstance(item, pa.Table):
            missing = [name for name in self._named if name not in item.column_names]
            if missing:
                raise PromiseBroken(
                    f"Table {self.table_name} promises something about its column"
                    f" {missing[0]}, which it does not have. Nothing was loaded."
                    f" {nearest(missing[0], item.column_names)} Correct the promise beside"
                    " the resource."
                )
            return item
        rows = item if isinstance(item, list) else [item]
        if not all(isinstance(row, dict) for row in rows):
            return None
        return pa.table(
            {
                name: _column(name, [row.get(name) for row in rows])
                for name in self._named
            }
            or {"": pa.nulls(len(rows))}
        )

    @property
    def _named(self) -> list[str]:
        cursor = self.promises.cursor
        return [*self._columns, *([cursor] if cursor else [])]

    def _note_newest(self, batch: pa.Table) -> None:
        if self.promises.cursor is None:
            return
        newest = newest_value(batch[self.promises.cursor], self._began)
        state = dlt.current.resource_state(self.table_name)
        replaces_all = self._replaces and not self.rows
        before = None if replaces_all else state.get(NEWEST)
        if newest and (before is None or newest > before):
            state[NEWEST] = newest

    def _broken(self, batch: pa.Table) -> list[tuple[int, str]] | None:
        """Return the numbers of rows that break a rule, with the rules' words."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found: dict[int, str] = {}
        for rule, check in self._checks:
            try:
                mask = check(batch)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
                raise PromiseBroken(
                    f"Table {self.table_name} promises that {rule.words}, which cannot be"
                    f" checked: {sentence(error)} Nothing was loaded. Correct the promise"
                    " beside the resource."
                ) from error
            if mask is None:
                continue
            numbers = pc.indices_nonzero(mask).to_pylist()
            row = batch.slice(numbers[0], 1).to_pylist()[0]
            self._broken_rule = rule.words
            self._example = excerpt(rule.example(row))
            if not self._sets_aside:
                raise self._promise_broken(
                    f"{len(numbers):,} of the first {self.rows + batch.num_rows:,} rows"
                )
            for number in numbers:
                before = f"{found[number]}; " if number in found else ""
                found[number] = before + rule.words
        return sorted(found.items()) or None


def newest_value(column: pa.ChunkedArray, now: datetime) -> datetime | None:
    """Return a cursor's newest value that is not after now, None if there is none.

    A row that is dated in the future would let a table seem fresh for ever.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        times = column.cast(pa.timestamp("us"))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise PromiseBroken(
            f"A promised cursor has values of type {column.type}, which are no times or"
            " dates. Nothing was loaded. Correct the promise beside the resource."
        ) from error
    latest = pa.scalar(now.replace(tzinfo=None), pa.timestamp("us"))
    newest = pc.max(times)
    if newest.is_valid and pc.greater(newest, latest).as_py():
        newest = pc.max(pc.filter(times, pc.less_equal(times, latest)))
    return newest.as_py().replace(tzinfo=UTC) if newest.is_valid else None


def _column(name: str, values: list[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise PromiseBroken(
            f"Column {name} has values of several types, of which a promise cannot be"
            f" checked: {sentence(error)} Nothing was loaded."
        ) from error
