"""Addresses of servers: which may be asked, and which are the same server's."""

from __future__ import annotations

import pytest

from sources.http.server_address import OtherServer, ServerAddress
from utils.settings.errors import ConfigurationError


def server(address: str) -> ServerAddress:
    return ServerAddress.of(address, "sources.pets.base_url")


@pytest.mark.parametrize(
    "address, shown",
    [
        ("https://api.example.org/v4/", "https://api.example.org"),
        ("HTTPS://API.example.org:443", "https://api.example.org"),
        ("https://user:sesame@example.org:8443/?x", "https://example.org:8443"),
        ("https://10.0.0.7/", "https://10.0.0.7"),
        ("https://[2001:db8::7]:8443/", "https://[2001:db8::7]:8443"),
        ("http://localhost:80/", "http://localhost"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_server_of_an_address(address, shown):
    assert str(server(address)) == shown


@pytest.mark.parametrize(
    "address, problem",
    [
        ("http://10.0.0.7", "does not begin with https://"),
        ("//example.org", "does not begin with https://"),
        ("https://", "names no host"),
        ("https://[::1", "is malformed"),
        ("https://example.org:port", "is malformed"),
        ("https://m\u00fcnchen.example", "has a character that an address cannot have"),
        ("https://169.254.169.254", "is the address of a machine's own services"),
        ("https://a.0x7f", "is the address of a machine's own services"),
        ("https://example.org/" + "x" * 2_000, "has 2,020 characters"),
    ],
)
def test_an_address_that_is_none(address, problem):
    with pytest.raises(ConfigurationError) as error:
        server(address)
    assert str(error.value).startswith(f"sources.pets.base_url {problem}")
    assert "SOURCES__PETS__BASE_URL" in str(error.value)


@pytest.mark.parametrize(
    "address", ["https://example.org", "https://EXAMPLE.org:443/x?y#z"]
)
def test_the_same_server(address):
    server("https://example.org/v4/").require(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/",
        "https://example.org:8443/",
        "https://sub.example.org/",
        "https://example.org@example.net/",
        "https://example.org\\@example.net/",
        "https://example.org.example.net/",
        "file:///etc/passwd",
        "https://[::1",
        "https://example.org:port/",
        "",
    ],
)
def test_another_server(address):
    with pytest.raises(OtherServer, match="^https://example.org links to "):
        server("https://example.org/").require(address)


@pytest.mark.parametrize("location", ["/x", "?page=2", "//example.org/", "../x", ""])
def test_a_redirect_within_the_server(location):
    server("https://example.org").require_redirect("https://example.org/a", location)


@pytest.mark.parametrize(
    "location",
    ["//example.net", "http://example.org/a", "javascript:x", "//[", "/" * 3_000],
)
def test_a_redirect_elsewhere(location):
    with pytest.raises(OtherServer, match="redirects to"):
        server("https://example.org").require_redirect(
            "https://example.org/a", location
        )
