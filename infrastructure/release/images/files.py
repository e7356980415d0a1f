"""Which files get into the image, or decide how it is built."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Iterable, Sequence

# docker comes with Prefect.
from docker.utils.build import Pattern
from docker.utils.fnmatch import fnmatchcase

RECIPE = frozenset({"Dockerfile", ".dockerignore"})


def image_files(paths: Iterable[str], dockerignore: str) -> frozenset[str]:
    """Those of the paths that `.dockerignore`, of which this is the text, lets through.

    The Dockerfile copies all of them. It and `.dockerignore` always count.
    """
    patterns = [
        Pattern(line)
        for line in dockerignore.removeprefix("\ufeff").splitlines()
        if not line.startswith("#")
    ]
    patterns = [pattern for pattern in patterns if pattern.dirs]
    return frozenset(
        path for path in paths if path in RECIPE or not _ignored(path, patterns)
    )


def _ignored(path: str, patterns: Sequence[Pattern]) -> bool:
    """The last pattern that matches the file or a folder it lies in decides.

    docker's own PatternMatcher looks at one of the folders alone, and its match knows no
    capital letters; a build by Docker does not do so.
    """
    # The last of the parents is `.`, which no pattern means.
    places = [path, *map(str, PurePosixPath(path).parents[:-1])]
    ignored = False
    for pattern in patterns:
        if any(fnmatchcase(place, pattern.cleaned_pattern) for place in places):
            ignored = not pattern.exclusion
    return ignored
