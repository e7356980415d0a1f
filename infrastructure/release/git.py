"""Commits of a git clone: their files and differences. The working tree is not read."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

from utils.errors import ClearError, sentence


class GitError(ClearError):
    """A failure of git, before anything was changed."""


@dataclass(frozen=True)
class Clone:
    """A clone of this project. Paths are relative to its folder and have slashes."""

    folder: Path

    def commit(self, name: str = "HEAD") -> str:
        """Return the full id of a commit.

        Raises:
            GitError: There is no such commit here.
        """
        if found := self._find(name):
            return found
        if self._git("rev-parse", "--is-shallow-repository").strip() == b"true":
            raise GitError(
                f"The commit {name} is not in this clone, which has only the newest ones."
                " Get all with `git fetch --unshallow`; in GitHub Actions give the step"
                " actions/checkout `fetch-depth: 0`."
            )
        raise GitError(
            f"{name} is not a commit in {self.folder}. Give the name of a commit, a branch or"
            " a tag. If it was made elsewhere, run `git fetch` first."
        )

    def find(self, sha: str) -> str | None:
        """Return the full id of a commit if the clone has it, by an id and not a branch."""
        return self._find(sha) if re.fullmatch("[0-9a-f]{7,40}", sha) else None

    def contains(self, commit: str, other: str) -> bool:
        """Return whether another commit is this one or led to it."""
        answer = self._run("merge-base", "--is-ancestor", other, commit)
        if answer.returncode not in (0, 1):
            raise self._error(answer)
        return answer.returncode == 0

    def commits_between(self, base: str, commit: str) -> dict[str, str]:
        """Return the commits that led to one and not to another, with their messages."""
        listed = self._git("log", "-z", "--format=%H %B", f"{base}..{commit}")
        texts = filter(None, listed.decode(errors="replace").split("\0"))
        return {text[:40]: text[41:].strip() for text in texts}

    def uncommitted(self) -> list[str]:
        """Return the files of the working tree that differ from the current commit."""
        listed = self._git("status", "--porcelain", "-z", "--no-renames", "--", ".")
        return [line[3:] for line in listed.decode().split("\0") if line]

    def changed_files(self, base: str | None, commit: str) -> frozenset[str]:
        """Return the files that differ between two commits.

        A renamed file counts twice, with its old and its new path.

        Args:
            base: Commit to compare with. None: return all files of `commit`.
            commit: Commit whose files are compared.

        Raises:
            GitError: A commit does not exist.
        """
        sha = self.commit(commit)
        if base is None:
            listed = self._git("ls-tree", "-r", "-z", "--name-only", sha)
        else:
            listed = self._git(
                *("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--relative"),
                *(self.commit(base), sha),
            )
        return frozenset(filter(None, os.fsdecode(listed).split("\0")))

    def blobs(self, commit: str) -> dict[str, str]:
        """Return the files of a commit: by the path a line of mode, content's id and path.

        Raises:
            GitError: The commit does not exist.
        """
        listed = os.fsdecode(self._git("ls-tree", "-r", "-z", self.commit(commit)))
        lines = filter(None, listed.split("\0"))
        return {line.partition("\t")[2]: line for line in lines}

    @contextmanager
    def tree(self, commit: str) -> Iterator[Path]:
        """Yield a temporary folder with the files of a commit.

        Raises:
            GitError: The commit does not exist, or a link leads out of it.
        """
        sha = self.commit(commit)
        with TemporaryDirectory(prefix="release-") as temporary:
            archive, tree = Path(temporary) / "tree.tar", Path(temporary) / "tree"
            self._git("archive", "--format=tar", f"--output={archive}", sha)
            try:
                with tarfile.open(archive) as files:
                    files.extractall(tree, filter="data")
            except tarfile.FilterError as error:
                raise GitError(
                    f"The commit {sha} has a link that leads out of it: {sentence(error)}"
                    " Make the link relative or remove it, and commit the change."
                ) from error
            yield tree

    def text(self, commit: str, path: str) -> str:
        """Return the text of a file of a commit.

        Raises:
            GitError: The commit does not exist, or has no such file in UTF-8.
        """
        sha = self.commit(commit)
        answer = self._run("cat-file", "blob", f"{sha}:./{path}")
        if answer.returncode:
            raise GitError(
                f"The commit {sha} has no file {path}. Add it and commit it."
            )
        try:
            return answer.stdout.decode()
        except UnicodeDecodeError:
            raise GitError(
                f"{path} of the commit {sha} is not UTF-8. Save it as UTF-8 and commit it."
            ) from None

    def _find(self, name: str) -> str | None:
        answer = self._run(
            "rev-parse", "--verify", "-q", "--end-of-options", f"{name}^0"
        )
        if answer.returncode not in (0, 1):
            raise self._error(answer)
        return answer.stdout.decode().strip() or None

    def _git(self, *arguments: str) -> bytes:
        answer = self._run(*arguments)
        if answer.returncode:
            raise self._error(answer)
        return answer.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", "-C", str(self.folder), *arguments], capture_output=True
            )
        except FileNotFoundError:
            raise GitError(
                "There is no program `git` on PATH. A release reads commits with it. Install"
                " git."
            ) from None

    def _error(self, answer: subprocess.CompletedProcess[bytes]) -> GitError:
        return GitError(
            f"git cannot read the commits of {self.folder}:"
            f" {sentence(answer.stderr.decode(errors='replace'))} Run this in a clone of"
            " the project."
        )
