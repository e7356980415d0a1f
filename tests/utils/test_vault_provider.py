"""Secrets from AWS Secrets Manager: a real server of moto, with its IAM."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import dlt
import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException

from pipelines.products import load_products
from sources.database_credentials import PostgresCredentials
from tests.repository.tree import ROOT
from tests.samples.change_feed import add_changes
from tests.samples.token import token
from utils.vault_provider import refresh_secrets

# As RDS writes it.
RDS = {
    "engine": "postgres",
    "host": "db.example.org",
    "port": 5433,
    "dbname": "shop",
    "username": "reader",
    "password": "s3cret",
    "dbInstanceIdentifier": "shop",
}
URL = "postgresql://reader:s3cret@db.example.org:5433/shop"
TOML = """
host = "db.example.org"
port = 5433
database = "shop"
username = "reader"
password = "s3cret"
"""


@dlt.source(name="pets", section="pets")
def by_credentials(credentials: PostgresCredentials = dlt.secrets.value):
    @dlt.resource
    def pets():
        yield credentials

    return pets


def url() -> str:
    return next(iter(by_credentials())).to_native_representation()


@pytest.mark.parametrize(
    "name, content",
    [
        ("dlt/sources/pets", {"token": "s3cret"}),
        ("dlt/sources/pets", 'token = "s3cret"  # TOML'),
        ("dlt/sources/pets", '[sources.pets]\ntoken = "s3cret"'),
        ("dlt/sources/pets", {"sources": {"pets": {"token": "s3cret"}}}),
        ("dlt/sources/pets/token", "s3cret\n"),
        ("dlt/sources/pets/token", {"token": "s3cret"}),
    ],
)
def test_a_value_is_found(vault, name, content):
    vault.put(name, content)
    assert token() == "s3cret"


@pytest.mark.parametrize(
    "name, content",
    [
        ("dlt/sources/pets/credentials", RDS),
        ("dlt/sources/pets/credentials", URL),
        ("dlt/sources/pets/credentials", TOML),
        ("dlt/sources/pets/credentials", f"[sources.pets.credentials]\n{TOML}"),
        ("dlt/sources/pets", {"credentials": URL}),
        ("dlt/sources/pets", f"[credentials]\n{TOML}"),
    ],
)
def test_credentials_are_found(vault, name, content):
    vault.put(name, content)
    assert url() == URL


def test_a_secret_says_nothing_of_other_sources(vault):
    vault.put("dlt/sources/pets", '[sources.cats]\ntoken = "s3cret"')
    assert dlt.secrets.get("sources.cats.token") is None
    with pytest.raises(ConfigFieldMissingException):
        token()
    assert dlt.secrets.get("sources.cats.token") is None


def test_what_is_not_there_is_missing(vault):
    with pytest.raises(ConfigFieldMissingException):
        token()
    assert vault.asked() == ["dlt/sources/pets/token", "dlt/sources/pets"]


def test_a_secret_that_is_marked_for_deletion_is_missing(vault, caplog):
    vault.put("dlt/sources/pets", {"token": "s3cret"})
    vault.delete("dlt/sources/pets")
    with pytest.raises(ConfigFieldMissingException):
        token()
    assert "dlt/sources/pets is marked for deletion" in caplog.text


def test_other_places_come_first(vault, monkeypatch):
    vault.put("dlt/sources/pets", {"token": "vault"})
    with dlt.secrets.values({"sources.pets.token": "file"}):
        assert token() == "file"
        monkeypatch.setenv("SOURCES__PETS__TOKEN", "environment")
        assert token() == "environment"
    assert vault.asked() == []


def test_settings_may_stand_beside_secrets_but_their_file_comes_first(vault):
    vault.put("dlt/sources/pets", {"token": "s3cret", "kind": "cat"})
    token()
    assert dlt.config["sources.pets.kind"] == "cat"
    with dlt.config.values({"sources.pets.kind": "dog"}):
        assert dlt.config["sources.pets.kind"] == "dog"


@pytest.mark.parametrize("name", ["dlt/sources/pets", "dlt/sources/pets/token"])
def test_the_right_to_read_the_names_of_its_source_is_enough(vault, name):
    vault.put(name, {"token": "s3cret"})
    with vault.reader("dlt/sources/pets", "dlt/sources/pets/*"):
        assert token() == "s3cret"


def test_a_rotated_secret_is_read_again(vault):
    vault.put("dlt/sources/pets", {"token": "old", "key": "old"})
    assert token() == "old"
    vault.put("dlt/sources/pets", {"token": "new"})
    vault.asked()

    assert token() == "old"
    assert vault.asked() == []
    assert refresh_secrets()
    assert token() == "new"
    assert vault.asked() == ["dlt/sources/pets"]
    assert dlt.secrets.get("sources.pets.key") is None
    assert not refresh_secrets()


def test_a_secret_that_comes_later_is_found_by_the_next_run(vault):
    with pytest.raises(ConfigFieldMissingException):
        token()
    vault.put("dlt/sources/pets", {"token": "s3cret"})
    assert not refresh_secrets()
    assert token() == "s3cret"


def test_a_run_asks_once_for_each_of_its_secrets(
    vault, feed, postgres_warehouse, monkeypatch
):
    """Source and warehouse both have theirs in the vault, and nowhere else."""
    add_changes(feed, 100)
    monkeypatch.delenv("SOURCES__PRODUCTS__CREDENTIALS")
    monkeypatch.delenv("DESTINATION__WAREHOUSE__CREDENTIALS")
    vault.put(
        "dlt/sources/products/credentials",
        RDS
        | {"host": feed.socket_folder, "port": 5432}
        | {"dbname": feed.name, "username": "postgres"},
    )
    vault.put("dlt/destination/warehouse/credentials", postgres_warehouse.url)
    vault.asked()

    assert load_products().rows == 100

    assert sorted(vault.asked()) == [
        "dlt/destination/warehouse/credentials",
        "dlt/sources/products/credentials",
    ]
    (row,) = postgres_warehouse.query("SELECT count(*) FROM dev_products.products")
    assert row == (100,)


def test_threads_that_need_a_secret_at_once_ask_once(vault):
    vault.put("dlt/sources/pets", {"token": "s3cret"})
    vault.asked()
    # dlt 1.31 shows its providers to other threads before it has added the vault. A run has
    # read its first setting long before it has threads.
    dlt.config.get("runtime.log_level")
    together = threading.Barrier(4)

    def read(_: int) -> str:
        together.wait()
        return token()

    with ThreadPoolExecutor(together.parties) as executor:
        assert set(executor.map(read, range(together.parties))) == {"s3cret"}
    assert sorted(vault.asked()) == ["dlt/sources/pets", "dlt/sources/pets/token"]


def test_a_warehouse_without_secrets_asks_for_two_names(vault, feed, warehouse):
    load_products()
    assert vault.asked() == [
        "dlt/destination/warehouse/credentials",
        "dlt/destination/warehouse",
    ]


def run(script: str) -> list[str]:
    """Return what another process prints."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_without_the_switch_nothing_is_asked_or_imported():
    assert run(
        "import sys, dlt, pipelines;"
        "print(dlt.secrets.get('sources.pets.token'), 'botocore' in sys.modules)"
    ) == ["None", "False"]


def test_with_the_switch_every_pipeline_has_it(monkeypatch):
    monkeypatch.setenv("PROVIDERS__ENABLE_AWS_SECRETS", "true")
    assert run(
        "import sys, dlt, pipelines;"
        "print(*(type(each).__name__ for each in dlt.config.config_providers));"
        "print('botocore' in sys.modules)"
    ) == [
        *("EnvironProvider", "SecretsTomlProvider", "ConfigTomlProvider"),
        *("VaultProvider", "False"),
    ]
