"""Secrets of this process: from the environment, files, addresses, and what was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from utils.redaction import known_secrets as module
from utils.redaction.known_secrets import known_secrets, remember_secrets


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(module, "_remembered", set())


@pytest.mark.parametrize(
    "name",
    [
        *(
            "PREFECT_API_KEY",
            "PREFECT_API_AUTH_STRING",
            "PREFECT_SERVER_API_AUTH_STRING",
        ),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "PGPASSWORD"),
        *("SOURCES__HUBSPOT__ACCESS_TOKEN", "SOURCES__VAN__API_KEY", "API_KEY"),
        *("SOURCES__OPEN_EXCHANGE_RATES__APP_ID", "SOURCES__OF_ONES_OWN__PIN"),
        "DESTINATION__WAREHOUSE__CREDENTIALS__PASSWORD",
        "DESTINATION__WAREHOUSE__CREDENTIALS__PRIVATE_KEY",
        "SLACK_WEBHOOK",
    ],
)
def test_variables_that_hold_secrets(name, monkeypatch):
    monkeypatch.setenv(name, "sesame-open")
    assert "sesame-open" in known_secrets()


@pytest.mark.parametrize(
    "name, value",
    [
        ("PREFECT_API_KEY", "short"),
        ("SOURCES__HUBSPOT__LAG_HOURS", "1000000"),
        ("SOURCES__HUBSPOT__BASE_URL", "https://api.example.org"),
        ("DESTINATION__WAREHOUSE__CREDENTIALS__USERNAME", "loader-1"),
        ("DESTINATION__WAREHOUSE__CREDENTIALS__PRIVATE_KEY_PATH", "keys/loader.p8"),
        ("DESTINATION__LAKE__BUCKET_URL", "s3://a-bucket"),
        ("PREFECT_API_SECRET", "arn:aws:secretsmanager:eu-west-1:1:secret:prefect"),
        ("SSH_AUTH_SOCK", "/tmp/agent"),
        ("DESTINATION__WAREHOUSE__CREDENTIALS", "/data/warehouse.duckdb"),
    ],
)
def test_variables_that_hold_none(name, value, monkeypatch):
    before = known_secrets()
    monkeypatch.setenv(name, value)
    assert known_secrets() == before


def test_a_password_in_any_address(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "https://me:p%40ss-w@rd@prefect.example.org")
    assert {"p%40ss-w@rd", "p@ss-w@rd"} <= known_secrets()


def test_a_file_of_secrets(tmp_path, monkeypatch):
    (tmp_path / ".dlt").mkdir()
    file = tmp_path / ".dlt" / "secrets.toml"
    file.write_text("""
        [sources.pets]
        unlikely_name = "of-a-secret"
        [sources.pets.credentials]
        host = "db.example.org"
        password = 'pass"word'
        """)
    use_settings_in(monkeypatch, tmp_path)
    assert {"of-a-secret", 'pass"word'} <= known_secrets()
    assert "db.example.org" not in known_secrets()

    file.write_text("malformed")
    assert "of-a-secret" not in known_secrets()


def test_an_address_among_the_settings(tmp_path, monkeypatch):
    (tmp_path / ".dlt").mkdir()
    settings = tmp_path / ".dlt" / "config.toml"
    settings.write_text('publication_url = "https://me:sesame-open@example.org"')
    use_settings_in(monkeypatch, tmp_path)
    assert "sesame-open" in known_secrets()


def test_credentials_as_json_in_a_variable(monkeypatch):
    written = '{"username": "loader-1", "password": "sesame-open"}'
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", written)
    assert "sesame-open" in known_secrets() and "loader-1" not in known_secrets()


def test_what_a_secret_has_besides():
    """RDS writes the first, and a connection's options are the second."""
    remember_secrets({"dbInstanceIdentifier": "products", "password": "sesame-open"})
    remember_secrets({"query": {"sslmode": "require", "sslpassword": "sesame-shut"}})
    assert known_secrets() & {
        *("products", "require", "sesame-open", "sesame-shut"),
    } == {"sesame-open", "sesame-shut"}


def test_what_was_read_in_a_vault():
    remember_secrets({"list": [{"deep": "within-it"}], "host": "db.example.org"})
    remember_secrets("-----BEGIN KEY-----\nfirst-line\nsecond-line\n")
    assert {"within-it", "first-line", "second-line"} <= known_secrets()
    assert "db.example.org" not in known_secrets()


def use_settings_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let dlt's settings be those of a folder."""
    monkeypatch.setattr(module, "_folders_of_dlt", lambda: (folder / ".dlt",))
