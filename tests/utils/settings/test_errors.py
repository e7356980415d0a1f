"""An error of a setting is one line, and never shows the value."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator

import pytest

from pipelines.products import load_products
from sources.products import products_source
from tests.repository.settings import forget_settings
from tests.repository.tree import ROOT
from utils.settings.errors import ConfigurationError, plain_configuration_errors

WITHOUT_DATABASE = """
[sources.products.credentials]
host = "db.example.org"
username = "reader"
password = "s3cret"
"""


@pytest.fixture
def settings(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder `.dlt` of this test, with the committed settings."""
    folder = tmp_path / ".dlt"
    folder.mkdir()
    shutil.copy(ROOT / ".dlt" / "config.toml", folder)
    with monkeypatch.context() as patch:
        patch.setenv("DLT_PROJECT_DIR", str(tmp_path))
        forget_settings()
        yield folder
    forget_settings()


def said() -> str:
    """Return the error's text, as the flow of `products` would show it."""
    with pytest.raises(ConfigurationError) as raised, plain_configuration_errors():
        load_products()
    message = str(raised.value)
    assert "\n" not in message and "s3cret" not in message
    # nor may the traceback show what dlt says
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    return message


def test_a_missing_secret(settings):
    (settings / "secrets.toml").write_text(WITHOUT_DATABASE)
    assert said() == (
        "sources.products.credentials lacks database. Nothing was loaded. Looked for in"
        " the environment (SOURCES__PRODUCTS__CREDENTIALS__DATABASE) and"
        " .dlt/secrets.toml ([sources.products.credentials]). Set it in one of these;"
        " .dlt/secrets.toml.example shows how. AWS Secrets Manager was not asked:"
        " PROVIDERS__ENABLE_AWS_SECRETS is off."
    )


def test_a_missing_secret_of_the_warehouse(settings, application, monkeypatch):
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "snowflake")
    assert said().startswith(
        "destination.warehouse.credentials lacks database, host. Nothing was loaded."
        " Looked for in the environment (DESTINATION__WAREHOUSE__CREDENTIALS__DATABASE"
        " and so on) and .dlt/secrets.toml ([destination.warehouse.credentials])."
    )


def test_a_secret_missing_in_the_vault_too(vault):
    assert (
        "Looked for in the environment (SOURCES__PRODUCTS__CREDENTIALS__DATABASE and so"
        " on), .dlt/secrets.toml ([sources.products.credentials]) and AWS Secrets"
        " Manager (dlt/sources/products/credentials). Set it in one of these;" in said()
    )


def test_a_missing_setting(settings, application):
    config = settings / "config.toml"
    config.write_text(config.read_text().replace("lag_hours", "log_hours"))
    assert said() == (
        "sources.products lacks lag_hours. Nothing was loaded. Looked for in the"
        " environment (SOURCES__PRODUCTS__LAG_HOURS) and .dlt/config.toml"
        " ([sources.products]). Set it in one of these."
    )


@pytest.mark.parametrize(
    "name, value, message",
    [
        (
            *("SOURCES__PRODUCTS__LAG_HOURS", "s3cret"),
            "sources.products.lag_hours cannot be read as float. Nothing was loaded. It"
            " comes from SOURCES__PRODUCTS__LAG_HOURS: fix it there.",
        ),
        (
            *("SOURCES__PRODUCTS__CREDENTIALS", "reader with s3cret"),
            "sources.products.credentials cannot be read as PostgresCredentials. Nothing"
            " was loaded. It comes from SOURCES__PRODUCTS__CREDENTIALS: fix it there.",
        ),
    ],
)
def test_a_value_that_does_not_fit(application, monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    assert said() == message


@pytest.mark.parametrize(
    "name, content",
    [
        ("dlt/sources/products/credentials", "reader with s3cret"),
        ("dlt/sources/products", 'credentials = "reader with s3cret"'),
    ],
)
def test_a_secret_of_the_vault_that_does_not_fit(vault, name, content):
    vault.put(name, content)
    assert f"It comes from {name}: fix it there." in said()


def test_credentials_given_in_code_that_do_not_fit():
    with pytest.raises(ConfigurationError) as raised, plain_configuration_errors():
        products_source(credentials="s3cret")
    assert str(raised.value) == (
        "credentials cannot be read as PostgresCredentials. Nothing was loaded."
    )


def test_secrets_that_are_not_toml(settings):
    (settings / "secrets.toml").write_text(WITHOUT_DATABASE + 'database = "s3cret\n')
    assert said() == (
        f"{settings / 'secrets.toml'} is not TOML. Nothing was loaded. Look at line 6."
    )


def test_a_secret_among_the_settings(settings):
    with (settings / "config.toml").open("a") as config:
        config.write(WITHOUT_DATABASE)
    assert said() == (
        "The secret sources.products.credentials is in .dlt/config.toml, which git"
        " keeps. Nothing was loaded. Move it to .dlt/secrets.toml. If it was committed,"
        " change it, too."
    )


def test_other_errors_pass():
    with pytest.raises(KeyError, match="else"), plain_configuration_errors():
        raise KeyError("else")
