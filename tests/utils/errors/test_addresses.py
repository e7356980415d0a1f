"""Addresses of databases: misread ones, and how they are shown."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from tests.samples.passwords import MISREAD, READ_AS_THEY_ARE
from utils.errors.addresses import has_misread_password, is_no_host, without_secrets


@pytest.mark.parametrize("password", MISREAD)
def test_a_password_with_an_at_sign_is_misread(password):
    assert has_misread_password(f"postgresql://reader:{password}@host/db")
    assert has_misread_password(f" snowflake://reader@corp:{password}@host/db?role=A")


@pytest.mark.parametrize("password", READ_AS_THEY_ARE)
def test_other_passwords_are_not(password):
    url = f"postgresql+psycopg2://reader@corp:{password}@host:5432/db?sslmode=require"
    assert not has_misread_password(url)
    parsed = make_url(url)
    assert (parsed.password, parsed.host) == (password, "host")


@pytest.mark.parametrize(
    "address",
    [
        *("postgresql://reader@corp@host/db", "postgresql://reader@host:5432/db"),
        *("duckdb:////folder/a@b@c.duckdb", "md:pets", "reader with p@ss@word", None),
        "postgresql://reader:p%40ss@host/db",
    ],
)
def test_what_has_no_password_is_not(address):
    assert not has_misread_password(address)


@pytest.mark.parametrize(
    "host, is_none",
    [
        ("ss#w%rd@host", True),
        ("postgresql://reader:zq7@host/db", True),
        ("db.example.org", False),
        ("/var/run", False),
        ("@abstract", False),
        (None, False),
    ],
)
def test_a_host_has_no_at_sign(host, is_none):
    assert is_no_host(host) is is_none


@pytest.mark.parametrize(
    "text, shown",
    [
        ("at http://a:b@c/d: no", "at http://...@c/d: no"),
        ("user=a password='zq7 \\' xk9' host=b", "user=a password=... host=b"),
        ("password=zq7 host=b", "password=... host=b"),
        ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200/api"),
    ],
)
def test_secrets_are_not_shown(text, shown):
    assert without_secrets(text) == shown
