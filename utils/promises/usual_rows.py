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

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
WEEKS = timedelta(weeks=8)
FEWEST_DAYS = 3
SMALLEST_FACTOR = 1.4
# Times the usual difference. With three, tables of much noise have several false alarms a
# quarter (tests/utils/promises/noticed_faults.py).
DEVIATIONS = 4.0
# Of the median of one normally distributed number, divided by how many there are.
MEDIAN_VARIANCE = 1.57
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

    Comparable are loads of the same weekday, one of each day at about the same time, that
    replaced or added as this one does, and came as long after the one before. A run by hand
    shortly after another, and the first one after an outage, are therefore not compared.

    Args:
        load: Load to judge.
        past: Loads of the table before it, by time.
    """
    recent = [each for each in past if load.at - each.at <= WEEKS]
    if not recent:
        return None
    gap = load.at - recent[-1].at
    alike = [
        each
        for before, each in pairwise(recent)
        if each.replaced == load.replaced and _is_alike(each.at - before.at, gap)
    ]
    comparable = _of_weekday(alike, load.at)
    if len(comparable) < FEWEST_DAYS:
        return None
    usual = median(each.rows for each in comparable)
    uncertainty = sqrt(1 + MEDIAN_VARIANCE / len(comparable))
    far = max(log(SMALLEST_FACTOR), DEVIATIONS * uncertainty * _usual_difference(alike))
    return usual if abs(log1p(load.rows) - log1p(usual)) > far else None


def _is_alike(gap: timedelta, other: timedelta) -> bool:
    return other * 2 / 3 <= gap <= other * 3 / 2


def _of_weekday(loads: Sequence[PastLoad], at: datetime) -> list[PastLoad]:
    """Return the load nearest in time of each earlier day of the same weekday."""
    nearest: dict[int, tuple[timedelta, PastLoad]] = {}
    for each in loads:
        weeks = round((at - each.at) / WEEK)
        distance = abs(at - each.at - weeks * WEEK)
        if weeks and distance < DAY / 2:
            known = nearest.get(weeks)
            if known is None or distance < known[0]:
                nearest[weeks] = distance, each
    return [each for _, each in nearest.values()]


def _usual_difference(loads: Iterable[PastLoad]) -> float:
    """Return by how much loads differ from those of their weekday and hour, as a logarithm."""
    groups: dict[tuple[int, int], list[float]] = defaultdict(list)
    for each in loads:
        groups[each.at.weekday(), each.at.hour].append(log1p(each.rows))
    differences = []
    for numbers in groups.values():
        if (size := len(numbers)) > 1:
            middle = median(numbers)
            # a median of few lies nearer to each of them than the true one
            shrunk = sqrt((size - 1) / size)
            differences += [abs(each - middle) / shrunk for each in numbers]
    return STANDARD * median(differences) if differences else 0.0
