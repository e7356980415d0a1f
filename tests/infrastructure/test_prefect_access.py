"""Access to Prefect for one module: its variables, GitHub's masks, and errors."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Iterator

import pytest

from infrastructure import tunnel
from infrastructure.prefect_access import main, prefect_variables
from tests.fakes.http_server import Answer, serving
from tests.fakes.vault import Vault
from tests.github.runner import MASK
from tests.repository.tree import ROOT
from tests.samples.platform_stack import NAME as STACK
from tests.samples.platform_stack import OUTPUTS, create_stack, without
from utils.errors import ClearError

NAME = "prefect/api-key"
KEY = "pnu_0123456789"


@pytest.fixture
def secrets(aws) -> Vault:
    return Vault(aws)


@pytest.fixture
def stack(aws) -> Iterator[None]:
    """The platform's stack, whose Prefect answers."""
    with serving(lambda _: Answer(b"true")) as api:
        server = {"PrefectApiUrl": f"{api.url}/api", "PrefectApiSecretArn": NAME}
        create_stack(aws, OUTPUTS | server)
        yield


@pytest.fixture
def on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")


@pytest.mark.parametrize(
    ("secret", "masked"),
    [
        (KEY, [KEY]),
        ("admin:a=b<<c %41%", ["admin:a=b<<c %2541%25"]),
        ("first line\n\nsecond line\r\n", ["first line", "second line"]),
    ],
)
def test_github_masks_each_line_of_the_secret(
    aws, secrets, on_github, capsys, secret, masked
):
    secrets.put(NAME, secret)
    create_stack(aws, OUTPUTS | {"PrefectApiSecretArn": NAME})

    assert prefect_variables(STACK) == {
        "PREFECT_API_URL": OUTPUTS["PrefectApiUrl"],
        "PREFECT_API_KEY": secret.strip(),
    }

    printed = capsys.readouterr()
    assert printed.out == ""  # which may go into a file
    assert printed.err.splitlines() == [f"{MASK}{line}" for line in masked]


def test_a_self_hosted_server_has_another_variable(aws, secrets):
    secrets.put(NAME, "admin:sesame")
    variable = "PREFECT_API_AUTH_STRING"
    outputs = {"PrefectApiSecretArn": NAME, "PrefectApiSecretVariable": variable}
    create_stack(aws, OUTPUTS | outputs)
    assert prefect_variables(STACK)[variable] == "admin:sesame"


def test_nothing_is_printed_in_a_terminal(aws, secrets, monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    secrets.put(NAME, KEY)
    create_stack(aws, OUTPUTS | {"PrefectApiSecretArn": NAME})
    prefect_variables(STACK)
    assert capsys.readouterr() == ("", "")


def run_with_access(
    *command: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    access = (sys.executable, "-m", "infrastructure.prefect_access", "--stack", STACK)
    return subprocess.run(
        [*access, *command],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )


def test_only_the_command_has_the_secret(secrets, stack, tmp_path):
    secrets.put(NAME, KEY)
    for_later_steps = tmp_path / "env"
    for_later_steps.touch()

    show = 'echo "$PREFECT_API_KEY" "$@"; exit 3'
    options = ("--json", "--stack", "its own")
    done = run_with_access(
        *("sh", "-c", show, "sh", *options), GITHUB_ENV=str(for_later_steps)
    )

    assert done.stdout == f"{KEY} --json --stack its own\n", done.stderr
    assert done.returncode == 3
    assert for_later_steps.read_text() == ""


@pytest.mark.parametrize(
    ("options", "server"),
    [
        ((), f"{STACK}-server"),
        (("--stack", "another"), "another-server"),
        (("--stack", "another", "--server-stack", "prefect"), "prefect"),
    ],
)
def test_the_server_s_stack_has_the_name_of_the_platform_s(
    aws, secrets, monkeypatch, options, server
):
    secrets.put(NAME, "admin:sesame")
    outputs = {
        "PrefectApiSecretArn": NAME,
        "PrefectApiUrl": "http://192.0.2.1:4200/api",
    }
    for stack in (STACK, "another"):
        create_stack(aws, OUTPUTS | outputs, stack)
    monkeypatch.setattr(tunnel, "_silence", lambda _: "it is far away.")
    monkeypatch.setattr(sys, "argv", ["prefect_access", *options, "true"])
    with pytest.raises(ClearError, match=f"no stack {server} in"):
        main()


def test_a_missing_program_is_named(secrets, stack):
    secrets.put(NAME, KEY)
    done = run_with_access("no-such-program")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: The program no-such-program cannot be run: No"
    )


@pytest.mark.parametrize(
    ("outputs", "answer"),
    [
        (None, "There is no stack data-platform"),
        (without("PrefectApiUrl"), "has no output PrefectApiUrl"),
        (OUTPUTS, f"secret {OUTPUTS['PrefectApiSecretArn']}, .* does not exist"),
    ],
)
def test_a_missing_output_or_secret_is_named(aws, on_github, capsys, outputs, answer):
    if outputs:
        create_stack(aws, outputs)
    with pytest.raises(ClearError, match=answer):
        prefect_variables(STACK)
    assert capsys.readouterr() == ("", "")
