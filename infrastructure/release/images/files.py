"""Files that the image is built from."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Iterable, Sequence

from docker.utils.build import Pattern
from docker.utils.fnmatch import fnmatchcase

BUILD_FILES = frozenset({"Dockerfile", ".dockerignore"})


def image_files(paths: Iterable[str], dockerignore: str) -> frozenset[str]:
    """Return the files that affect the image.

    The Dockerfile copies all files that `.dockerignore` does not exclude. These two files
    themselves always count.

    Args:
        paths: Files of the project.
        dockerignore: Text of `.dockerignore`.
    """
    patterns = [
        Pattern(line)
        for line in dockerignore.removeprefix("\ufeff").splitlines()
        if not line.startswith("#")
    ]
    patterns = [pattern for pattern in patterns if pattern.dirs]
    return frozenset(
        path for path in paths if path in BUILD_FILES or not _ignored(path, patterns)
    )


def _ignored(path: str, patterns: Sequence[Pattern]) -> bool:
    """Return whether the last pattern that matches the file or a folder above excludes it.

    docker's own PatternMatcher differs from a build by Docker: it looks at only one of the
    folders, and ignores case.
    """
    # The last parent is `.`, which no pattern matches.
    paths = [path, *map(str, PurePosixPath(path).parents[:-1])]
    ignored = False
    for pattern in patterns:
        if any(fnmatchcase(each, pattern.cleaned_pattern) for each in paths):
            ignored = not pattern.exclusion
    return ignored
