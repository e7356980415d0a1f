"""Credentials of PostgreSQL and Redshift: from a URL or in parts, never shown."""

from __future__ import annotations

import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.configuration.resolve import resolve_configuration

from sources.database_credentials import (
    DatabaseCredentials,
    PostgresCredentials,
    RedshiftCredentials,
)
from tests.samples.passwords import MISREAD, everything_told, shows_no_part
from utils.settings.errors import ConfigurationError, plain_configuration_errors

SECTION = "SOURCES__PRODUCTS__CREDENTIALS"


def resolved(kind: type[DatabaseCredentials] = PostgresCredentials):
    return resolve_configuration(kind(), sections=("sources", "products"))


@pytest.mark.parametrize(
    "kind, port", [(PostgresCredentials, 5432), (RedshiftCredentials, 5439)]
)
def test_each_database_has_its_own_port(monkeypatch, kind, port):
    monkeypatch.setenv(SECTION, "any://me:s3cret@host/shop?sslmode=require")
    found = resolved(kind)
    assert (found.host, found.port, found.database) == ("host", port, "shop")
    assert (found.username, found.password) == ("me", "s3cret")
    assert found.query == {"sslmode": "require"}


@pytest.mark.parametrize("part", ["HOST", "DATABASE", "USERNAME", "PASSWORD"])
def test_a_missing_part_is_named(monkeypatch, part):
    for each in {"HOST", "DATABASE", "USERNAME", "PASSWORD"} - {part}:
        monkeypatch.setenv(f"{SECTION}__{each}", "given")
    with pytest.raises(ConfigFieldMissingException) as raised:
        resolved()
    assert raised.value.fields == [part.lower()]


@pytest.mark.parametrize("password", MISREAD)
def test_no_part_of_a_password_is_shown(monkeypatch, password):
    monkeypatch.setenv(SECTION, f"postgresql://reader:{password}@127.0.0.1/shop")
    with pytest.raises(ConfigurationError) as raised, plain_configuration_errors():
        resolved()
    assert "cannot be read as PostgresCredentials" in str(raised.value)
    assert f"{SECTION}__PASSWORD" in str(raised.value)
    assert shows_no_part(everything_told(raised.value))


def test_a_password_may_be_given_beside_the_url(monkeypatch):
    monkeypatch.setenv(SECTION, "postgresql://me@host/shop")
    monkeypatch.setenv(f"{SECTION}__PASSWORD", "zq7@xk9")
    assert (resolved().password, resolved().host) == ("zq7@xk9", "host")


def test_a_whole_address_in_place_of_the_host_is_not_shown(monkeypatch):
    url = "postgresql://reader:zq7@xk9/shop"
    for key, value in {"HOST": url, "DATABASE": "a", "USERNAME": "b"}.items():
        monkeypatch.setenv(f"{SECTION}__{key}", value)
    monkeypatch.setenv(f"{SECTION}__PASSWORD", "vj3")
    with pytest.raises(ConfigurationError) as raised, plain_configuration_errors():
        resolved()
    assert f"host's name alone. It comes from {SECTION}__HOST" in str(raised.value)
    assert shows_no_part(everything_told(raised.value))
