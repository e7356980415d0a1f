"""Pages that lead in a circle are noticed, and others are not."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from sources.http.page_trail import PageTrail


def test_different_links_lead_on():
    trail = PageTrail()
    assert not any(trail.leads_back(str(page)) for page in range(1_000))


@pytest.mark.parametrize("before", [0, 1, 10])
@pytest.mark.parametrize("round_", [1, 2, 3, 7])
def test_a_circle_shows_within_a_few_rounds(before, round_):
    links = [*map(str, range(before)), *islice(cycle("abcdefg"[:round_]), 100)]
    trail = PageTrail()
    read = next(number for number, link in enumerate(links) if trail.leads_back(link))
    assert read <= 3 * (before + round_)
