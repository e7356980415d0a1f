"""The way into a table that is replaced, as dlt's `replace_strategies_selector`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from dlt.common.schema.typing import TLoaderReplaceStrategy, TTableSchema


class ReplaceStrategy:
    """Selector of the strategy, which the pipeline sets before each load.

    A capability of the destination, because dlt has no official hint for it on a table.
    """

    def __init__(self) -> None:
        self.tables_are_new = False
        """Whether none of the replaced tables exists: rows then go straight there."""

    def __call__(
        self,
        supported_replace_strategies: Sequence[TLoaderReplaceStrategy],
        /,
        *,
        table_schema: TTableSchema,
    ) -> Sequence[TLoaderReplaceStrategy]:
        wanted: TLoaderReplaceStrategy = (
            "truncate-and-insert" if self.tables_are_new else "insert-from-staging"
        )
        if wanted in supported_replace_strategies:
            return [wanted]
        return supported_replace_strategies
