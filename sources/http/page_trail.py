"""Pages of an API that lead in a circle, which would be read for as long as a run may take."""

from __future__ import annotations


class PageTrail:
    """The way from page to page, of which one place is remembered at a time."""

    def __init__(self) -> None:
        self._pages = 0
        self._earlier: str | None = None

    def leads_back(self, link: str) -> bool:
        """Return whether a page's link or cursor was seen; a circle shows in two rounds.

        Args:
            link: What the page just read says of the next one.
        """
        if link == self._earlier:
            return True
        self._pages += 1
        # the first, second, fourth, eighth ...
        if self._pages & (self._pages - 1) == 0:
            self._earlier = link
        return False
