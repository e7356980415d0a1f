"""Secrets in files that git takes: the hook refuses the commit."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.tree import copy_repository
from tests.samples.git_repository import ENVIRONMENT
from tests.servers.programs import program

pytestmark = pytest.mark.slow

LETTERS, HEX = string.ascii_letters + string.digits, "0123456789abcdef"
RANDOM = random.Random("the same in each run")
UPPER = string.ascii_uppercase + "234567"


def made_up(characters: str, length: int) -> str:
    """Return a text that looks random, so that no file of the tests has a secret."""
    return "".join(RANDOM.choices(characters, k=length))


def uuid() -> str:
    return "-".join(made_up(HEX, length) for length in (8, 4, 4, 4, 12))


def private_key() -> str:
    lines = "\n".join(made_up(LETTERS, 64) for _ in range(24))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"


def planted() -> dict[str, str]:
    """Return files that git takes, and their texts, each with a secret of its kind."""
    return {
        "flows/aws.py": f'KEY = "AKIA{made_up(UPPER, 16)}"\n',
        "aws.ini": f"aws_secret_access_key = {made_up(LETTERS, 40)}\n",
        "sources/key.py": f'KEY = """{private_key()}"""\n',
        "tests/slack.py": "URL = 'https://hooks.slack.com/services/"
        f"T0{made_up(UPPER, 9)}/B0{made_up(UPPER, 9)}/{made_up(LETTERS, 24)}'\n",
        "docs/notes.md": f"postgresql://loader:a1{made_up(LETTERS, 18)}@db.acme.io/analytics\n",
        "flows/prefect_key.py": f'KEY = "pnu_{made_up(LETTERS, 36)}"\n',
        "account.yaml": f"key: pnb_{made_up(LETTERS, 36)}\n",
        "utils/hubspot.py": f'TOKEN = "pat-na1-{uuid()}"\n',
        "settings/van.toml": f'[sources.van]\napi_key = "{uuid()}"\n',
        "settings/rates.toml": f'app_id = "{made_up(HEX, 31)}1"\n',
        "settings/shop.json": f'{{"username": "a", "password": "a1{made_up(LETTERS, 18)}"}}\n',
        "pager.yaml": f"integration_key: {made_up(HEX, 31)}1\n",
        "run.sh": f"export PREFECT_API_AUTH_STRING=admin:a1{made_up(LETTERS, 18)}\n",
    }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's files as one commit, with its hooks."""
    program("kingfisher")
    clone = copy_repository(tmp_path_factory.mktemp("secrets") / "a clone")
    run(clone, "git", "init", "-q")
    run(clone, "git", "add", "--all")
    run(clone, "git", "commit", "-q", "-m", "The first one")
    run(clone, sys.executable, "-m", "pre_commit", "install")
    return clone


def run(clone: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command; of the hooks only those that look for secrets."""
    return subprocess.run(
        command,
        cwd=clone,
        env=ENVIRONMENT
        | {
            "SKIP": "isort,black,mypy,uv-lock",
            "PRE_COMMIT_HOME": str(clone.parent / "pre-commit"),
            "UV_OFFLINE": "1",
        },
        capture_output=True,
        text=True,
    )


def commit(clone: Path, files: dict[str, str], *options: str) -> str:
    """Try to commit files; leave the repository as it was. Return what was printed."""
    for name, text in files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(text)
    run(clone, "git", "add", "--all", *options)
    done = run(clone, "git", "commit", "-m", "A change")
    run(clone, "git", "reset", "-q", "--hard", "HEAD")
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_this_repository_has_none(repository):
    """What the hook does on CI. A made-up secret says so: kingfisher:ignore."""
    hook = (sys.executable, "-m", "pre_commit", "run", "--all-files", "secrets")
    done = run(repository, *hook)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


def test_a_file_that_git_ignores_is_refused(repository):
    forced = ("--force", ".dlt/secrets.toml")
    printed = commit(repository, {".dlt/secrets.toml": ""}, *forced)
    assert "Ignored by .gitignore: .dlt/secrets.toml" in printed


def test_the_rules_of_this_project_find_their_examples(repository):
    rules = ("--load-builtins", "false", "--rules-path", ".ci/secrets/rules.yaml")
    command = ("kingfisher", "rules", "check", "--no-update-check", *rules)
    done = run(repository, *command, "--warnings-as-errors")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_kind_of_secret_is_refused(repository):
    files = planted()
    clean = {"clean.py": "password = database.password\n"}
    printed = commit(repository, files | clean)
    found = {name for name in files | clean if f": {name}\n" in printed}
    assert found == files.keys(), printed
    for text in files.values():  # a log is read by others
        assert max(text.replace('"', " ").split(), key=len) not in printed
