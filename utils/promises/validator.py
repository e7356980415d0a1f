"""Check of a resource's rows, batch by batch, before they are loaded.

A validator in dlt's sense, which stays behind all other steps of its resource.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import dlt
from dlt.extract.hints import HintsMeta
from dlt.extract.items import TableNameMeta
from dlt.extract.items_transform import ValidateItem

from utils.errors import sentence
from utils.promises.batches import as_arrow, newest_value
from utils.promises.outcome import PromiseBroken
from utils.promises.rules import Rule
from utils.promises.set_aside import divided
from utils.redaction.texts import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

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


class PromisedValues(ValidateItem):
    """Step of a resource that applies the rules of its table."""

    def __init__(
        self, promises: Promises, rules: Sequence[Rule], sets_aside: bool
    ) -> None:
        super().__init__(lambda item: item)
        self.promises = promises
        self._rules = rules
        self._sets_aside = sets_aside
        columns = [name for rule in rules for name in rule.columns]
        columns += [promises.cursor] if promises.cursor else []
        self._columns = list(dict.fromkeys(columns))
        self.begin("", "", replaces=False)

    def begin(self, resource: str, table: str, replaces: bool) -> None:
        """Forget the rows of an earlier load.

        Args:
            resource: Name of the resource.
            table: Name of its table.
            replaces: Whether the load replaces the table.
        """
        self.resource = resource
        self.table = table
        self.rows = 0
        self.set_aside = 0
        self._replaces = replaces
        self._checks = [rule.check(at_once=self._sets_aside) for rule in self._rules]
        self._never_seen = set(self._columns)
        self._began = datetime.now(UTC)

    def __call__(self, item: Any, meta: Any = None) -> Any:
        """Return a batch, or its rows that keep the rules and those set aside."""
        import pyarrow as pa

        if isinstance(meta, HintsMeta):
            if meta.hints.get("write_disposition") == "replace":
                self._replaces = True
        elif isinstance(meta, TableNameMeta):
            return item  # rows of another table
        if isinstance(item, list) and item and isinstance(item[0], pa.Table):
            return (self(each) for each in item)
        if item is None or isinstance(item, list) and not item:
            return item
        batch = as_arrow(item, self._columns, self.table)
        if not batch.num_rows:
            return item
        self._note_seen(item, batch)
        self._note_newest(batch)
        broken = self._broken(batch)
        self.rows += batch.num_rows
        if not broken:
            return item
        self.set_aside += len(broken)
        return divided(item, batch, broken, self.table, self._began)

    def end(self) -> None:
        """Judge the load as a whole, once all of its rows were seen.

        Raises:
            PromiseBroken: A key comes several times, or more than `MOST_SET_ASIDE` of the
                rows are set aside. One row always may be.
        """
        for check in self._checks:
            number, values = check.broken_in_all()
            if number:
                self._log(check.rule, values)
                raise self._error(check.rule, f"{number:,} of the {self.rows:,} rows")
        if self.set_aside > max(1, MOST_SET_ASIDE * self.rows):
            raise self._error(
                self._broken_rule,
                f"{self.set_aside:,} of the {self.rows:,} rows, more than the"
                f" {MOST_SET_ASIDE:.0%} that may be set aside",
            )
        if self.rows and self._never_seen:
            logger.warning(
                "Table %s promises something about %s, which no row of this load has",
                *(self.table, ", ".join(sorted(self._never_seen))),
            )

    def _note_seen(self, item: Any, batch: pa.Table) -> None:
        """Note which columns there are. An Arrow table has all of them, or is rejected."""
        if isinstance(item, (list, dict)):
            empty = {n for n in self._never_seen if batch[n].null_count == len(batch)}
            self._never_seen = empty
        else:
            self._never_seen.clear()

    def _note_newest(self, batch: pa.Table) -> None:
        if self.promises.cursor is None:
            return
        newest = newest_value(batch[self.promises.cursor], self._began)
        state = dlt.current.resource_state(self.resource)
        replaces_all = self._replaces and not self.rows
        before = None if replaces_all else state.get(NEWEST)
        if newest and (before is None or newest > before):
            state[NEWEST] = newest

    def _broken(self, batch: pa.Table) -> dict[int, str]:
        """Return the numbers of rows that break rules, with the rules in words."""
        import pyarrow.compute as pc

        found: dict[int, str] = {}
        for rule, mask in self._masks(batch):
            numbers = pc.indices_nonzero(mask).to_pylist()
            row = batch.slice(numbers[0], 1).to_pylist()[0]
            self._log(rule, rule.values(row))
            if not self._sets_aside:
                rows = self.rows + batch.num_rows
                raise self._error(rule, f"{len(numbers):,} of the first {rows:,} rows")
            self._broken_rule = rule
            for number in numbers:
                before = f"{found[number]}; " if number in found else ""
                found[number] = before + rule.words
        return dict(sorted(found.items()))

    def _masks(self, batch: pa.Table) -> Iterator[tuple[Rule, pa.Array]]:
        import pyarrow as pa

        for check in self._checks:
            try:
                mask = check.broken(batch)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
                raise PromiseBroken(
                    f"Table {self.table} promises that {check.rule.words}, which cannot be"
                    f" checked: {excerpt(sentence(error))} Nothing was loaded. Correct the"
                    " promise beside the resource."
                ) from error
            if mask is not None:
                yield check.rule, mask

    def _log(self, rule: Rule, values: str) -> None:
        """Log what a row has, which is not in the error: that goes to people's phones."""
        logger.warning(
            "A row of table %s has %s, and promised is that %s",
            *(self.table, excerpt(values), rule.words),
        )

    def _error(self, rule: Rule, rows: str) -> PromiseBroken:
        return PromiseBroken(
            f"Table {self.table} breaks its promise that {rule.words}: {rows}, of which"
            " the log shows one. Nothing was loaded of this. Correct the rows in the"
            " source, or change the promise beside the resource."
        )
