"""Whether a load has as many rows as its weekday's loads usually have.

A robust rule: a load is compared with the median of comparable ones on a logarithmic scale,
on which half and double are equally far. What counts as far depends on how much the table's
loads differ otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log, log1p, sqrt
from statistics import median
from typing import Iterable, Sequence

WEEKS = timedelta(weeks=8)
FEWEST_DAYS = 3
SMALLEST_FACTOR = 1.4
# Times the usual difference, of which normally distributed ones exceed three 0.3 %.
DEVIATIONS = 3.0
# Of a normal distribution's median absolute deviation: its standard deviation.
STANDARD = 1.4826


@dataclass(frozen=True)
class PastLoad:
    """A load of a table, and how many rows it had."""

    at: datetime
    rows: int
    replaced: bool = False
    """Whether it replaced the table."""


def usual_rows(load: PastLoad, past: Sequence[PastLoad]) -> float | None:
    """Return the usual number of rows if the load's is unusual, else None.

    Comparable loads replaced or added as this one does, and came as long after the one
    before. A run by hand shortly after another, and the first one after an outage, are
    therefore not compared.

    Args:
        load: Load to judge.
        past: Loads of the table before it, by time.
    """
    recent = [each for each in past if load.at - each.at <= WEEKS]
    by_weekday: dict[int, list[PastLoad]] = defaultdict(list)
    if not recent:
        return None
    gap = load.at - recent[-1].at
    for before, each in pairwise(recent):
        if each.replaced == load.replaced and _alike(each.at - before.at, gap):
            by_weekday[each.at.weekday()].append(each)
    comparable = by_weekday[load.at.weekday()]
    if len({each.at.date() for each in comparable}) < FEWEST_DAYS:
        return None
    usual = median(each.rows for each in comparable)
    far = max(log(SMALLEST_FACTOR), DEVIATIONS * _usual_difference(by_weekday.values()))
    return usual if abs(log1p(load.rows) - log1p(usual)) > far else None


def _alike(gap: timedelta, other: timedelta) -> bool:
    return other * 2 / 3 <= gap <= other * 3 / 2


def _usual_difference(groups: Iterable[Sequence[PastLoad]]) -> float:
    """Return by how much loads differ from their weekday's median, as a logarithm."""
    differences = []
    for loads in groups:
        if (number := len(loads)) > 1:
            middle = median(log1p(each.rows) for each in loads)
            # a median of few lies nearer to each of them than the true one
            shrunk = sqrt((number - 1) / number)
            differences += [abs(log1p(each.rows) - middle) / shrunk for each in loads]
    return STANDARD * median(differences) if differences else 0.0
