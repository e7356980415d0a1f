"""Rows of batches that break a rule."""

from __future__ import annotations

import pyarrow as pa

from utils.promises.rules import Rule


def broken(rule: Rule, *batches: pa.Table) -> list[list[int]]:
    """Return the numbers of the rows of each batch that break the rule."""
    check = rule.check(at_once=True)
    masks = [check.broken(batch) for batch in batches]
    return [
        [n for n, value in enumerate(mask.to_pylist()) if value] if mask else []
        for mask in masks
    ]


def column(*values, type=None) -> pa.Table:
    return pa.table({"pet": pa.array(values, type)})
