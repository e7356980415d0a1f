"""Watch that looks every second, and sends again what was refused a second ago."""

from __future__ import annotations

from datetime import timedelta

from utils.watch import __main__ as watch
from utils.watch import letters

watch.SECONDS_BETWEEN_LOOKS = 1
letters.FIRST_PAUSE = timedelta(seconds=1)

if __name__ == "__main__":
    watch.main()
