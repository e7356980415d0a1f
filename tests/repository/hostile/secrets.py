"""Hostile contents of secrets, as AWS Secrets Manager returns them: 64 KiB at most."""

from __future__ import annotations

from tests.repository.hostile import Hostile

_PRODUCTS = "sources.products.credentials"
_HUBSPOT = "sources.hubspot"
_PARTS = '"host": "127.0.0.1", "database": "shop", "username": "reader"'

CONTENTS = [
    Hostile("nested lists", _HUBSPOT, "[" * 30_000 + "]" * 30_000, "hubspot"),
    Hostile("nested lists, open", _HUBSPOT, "[" * 60_000, "hubspot"),
    Hostile(
        "nested objects", _HUBSPOT, '{"a":' * 10_000 + "1" + "}" * 10_000, "hubspot"
    ),
    Hostile(
        "nested a little", _HUBSPOT, '{"a":' * 100 + "1" + "}" * 100, "20 levels deep"
    ),
    Hostile(
        "nested in the token",
        _HUBSPOT,
        '{"access_token": ' + "[" * 30_000 + "]" * 30_000 + "}",
        "hubspot",
    ),
    Hostile("nested TOML lists", _HUBSPOT, "a = " + "[" * 60_000, "hubspot"),
    Hostile("nested TOML keys", _HUBSPOT, ".".join("a" * 30_000) + " = 1", "hubspot"),
    Hostile("nested TOML tables", _HUBSPOT, "a = " + "{b = " * 12_000, "hubspot"),
    Hostile(
        "long number", _HUBSPOT, '{"access_token": ' + "9" * 60_000 + "}", "hubspot"
    ),
    # the text "nan", which HubSpot refuses
    Hostile("not a number", _HUBSPOT, '{"access_token": NaN}', None),
    Hostile("null", _HUBSPOT, '{"access_token": null}', "access_token"),
    Hostile("list", _HUBSPOT, "[1, 2, 3]", "hubspot"),
    Hostile("empty", _HUBSPOT, " ", "dlt/sources/hubspot"),
    Hostile("NUL", _HUBSPOT, '{"access_token": "a\\u0000b"}', "access_token"),
    Hostile("newline", _HUBSPOT, '{"access_token": "a\\r\\nX-Y: z"}', "access_token"),
    Hostile("not ASCII", _HUBSPOT, '{"access_token": "\u202e\u00fc"}', "access_token"),
    Hostile("surrogate", _HUBSPOT, '{"access_token": "\\ud800"}', "access_token"),
    Hostile(
        "long", _HUBSPOT, '{"access_token": "' + "x" * 60_000 + '"}', "access_token"
    ),
    Hostile(
        "too long", _HUBSPOT, '{"access_token": "' + "x" * 10**6 + '"}', "access_token"
    ),
    Hostile(
        "many keys", _HUBSPOT, str({f"k{n}": "v" for n in range(4_000)}), "hubspot"
    ),
    Hostile(
        "other sections",
        _HUBSPOT,
        '{"access_token": "t", "../../destination": {"x": 1}, "a.b": "c", "a__b": "c"}',
        None,
    ),
    Hostile("socket's folder", _PRODUCTS, '{"host": "/etc"}', _PRODUCTS),
    Hostile(
        "port", _PRODUCTS, "{" + _PARTS + ', "password": "p", "port": 1e9}', "port"
    ),
    Hostile("NUL", _PRODUCTS, "{" + _PARTS + ', "password": "p\\u0000q"}', "password"),
    Hostile("text in the port", _PRODUCTS, "postgresql://u:p@h:5432;x/db", _PRODUCTS),
    Hostile("long string", _PRODUCTS, "postgresql://" + "x" * 60_000, _PRODUCTS),
    Hostile("other scheme", _PRODUCTS, "file:///etc/passwd", _PRODUCTS),
    Hostile(
        "server's file",
        _PRODUCTS,
        "postgresql://u:p@127.0.0.1:1/db?passfile=/etc/passwd&service=x",
        "postgresql://127.0.0.1:1",
    ),
]
