"""The compose file's services: killed at random, signed in to.

    uv run python -m tests.drills.compose [--kills 50] [part ...]

Root is needed, and `apt-get install buildah debootstrap chromium`. The services run as
processes with the file's commands, settings, mounts and health checks (tests/servers/docker).
"""

from __future__ import annotations

import argparse
import signal
import sys
from functools import partial
from typing import Callable

from tests.drills.compose_parts import kills, ui
from tests.drills.compose_platform import ComposePlatform, running_compose


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.compose")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("part", nargs="*", help="ui, kills")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[ComposePlatform], str]] = {
        "ui": ui,
        "kills": partial(kills, times=chosen.kills),
    }
    if unknown := set(chosen.part) - parts.keys():
        parser.error(f"{', '.join(unknown)}: the parts are {', '.join(parts)}")
    # so that the services end with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seen = []
    with running_compose() as platform:
        for name in chosen.part or parts:
            try:
                print(f"{name}: {parts[name](platform)}", flush=True)
                seen.append(True)
            except (AssertionError, TimeoutError) as error:
                print(f"{name}: FAILED: {error}", flush=True)
                seen.append(False)
    sys.exit(not all(seen))


if __name__ == "__main__":
    main()
