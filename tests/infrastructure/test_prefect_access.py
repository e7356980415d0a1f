"""Access of a GitHub job's next steps to Prefect: URL and secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure.prefect_access import prefect_access
from tests.fakes.vault import Vault
from tests.github.runner import MASK, read_variables
from tests.samples.platform_stack import OUTPUTS, create_stack, without
from utils.errors import ClearError

NAME = "prefect/api-key"


@pytest.fixture
def secrets(aws) -> Vault:
    return Vault(aws)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """GITHUB_ENV's file, to which an earlier step has written."""
    path = tmp_path / "env"
    path.write_text("FROM_BEFORE=1\n")
    monkeypatch.setenv("GITHUB_ENV", str(path))
    return path


@pytest.mark.parametrize(
    ("secret", "masked"),
    [
        ("pnu_0123456789", ["pnu_0123456789"]),
        ("admin:a=b<<c %41%", ["admin:a=b<<c %2541%25"]),
        ("first line\n\nsecond line\r\n", ["first line", "second line"]),
    ],
)
def test_the_next_steps_have_url_and_secret_and_logs_only_the_url(
    aws, secrets, file, capsys, secret, masked
):
    secrets.put(NAME, secret)
    create_stack(aws, OUTPUTS | {"PrefectApiSecretArn": NAME})

    prefect_access()

    assert read_variables(file) == {
        "FROM_BEFORE": "1",
        "PREFECT_API_URL": OUTPUTS["PrefectApiUrl"],
        "PREFECT_API_KEY": secret.strip(),
    }
    *masks, said = capsys.readouterr().out.splitlines()
    assert masks == [f"{MASK}{line}" for line in masked]
    assert not any(line in said for line in secret.splitlines() if line)


def test_a_self_hosted_server_has_another_variable(aws, secrets, file):
    secrets.put(NAME, "admin:sesame")
    variable = "PREFECT_API_AUTH_STRING"
    outputs = {"PrefectApiSecretArn": NAME, "PrefectApiSecretVariable": variable}
    create_stack(aws, OUTPUTS | outputs)
    prefect_access()
    assert read_variables(file)[variable] == "admin:sesame"


def test_outside_of_github_no_secret_is_read_or_shown(monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_ENV", raising=False)
    with pytest.raises(
        ClearError, match="GITHUB_ENV is not set.*infrastructure/README"
    ):
        prefect_access()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("outputs", "answer"),
    [
        (None, "There is no stack data-platform"),
        (without("PrefectApiUrl"), "has no output PrefectApiUrl"),
        (OUTPUTS, f"secret {OUTPUTS['PrefectApiSecretArn']}, .* does not exist"),
    ],
)
def test_a_missing_output_or_secret_is_named(aws, file, outputs, answer):
    if outputs:
        create_stack(aws, outputs)
    before = file.read_text()
    with pytest.raises(ClearError, match=answer):
        prefect_access()
    assert file.read_text() == before
