"""Hostile answers of servers, to each source that asks one."""

from __future__ import annotations

from tests.fakes.hostile_server import ENDLESS, Reply
from tests.repository.hostile import DEPTH, LONG, Hostile


def _to(address: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": address})


BOMBS = {
    "endless": Reply(b" " * 65_536, ENDLESS),
    "endless in chunks": Reply(
        b" " * 65_536, ENDLESS, headers={"Transfer-Encoding": "chunked"}
    ),
    "endless after an error": Reply(b"x" * 65_536, ENDLESS, status=404),
    "huge by its own account": Reply(
        b" " * 65_536, ENDLESS, headers={"Content-Length": str(10**12)}
    ),
    "negative length": Reply(b" " * 65_536, ENDLESS, headers={"Content-Length": "-1"}),
    "gzip bomb": Reply(b" " * 65_536, 16 * 1024, zipped=True),
    "endless gzip": Reply(b" " * 65_536, ENDLESS, zipped=True),
    "endless header": Reply(headers={"X-Long": LONG}),
    "endless lines of an error": Reply(b"<p>\n" * 16_384, ENDLESS, status=500),
}

REDIRECTS = {
    # `{host}` is the server itself, `{other}` another one that counts its requests.
    "to another host": _to("{other}/stolen"),
    "to another host, kept method": _to("{other}/stolen", 307),
    "to another host, permanently": _to("{other}/stolen", 308),
    "to another host, without scheme": _to("//localhost:1/stolen"),
    "to the metadata of EC2": _to("http://169.254.169.254/latest/meta-data/"),
    "to the credentials of ECS": _to("http://169.254.170.2/v2/credentials"),
    "to a file": _to("file:///etc/passwd"),
    "to nothing": _to(""),
    "to a broken address": _to("http://[::1"),
    "in a circle": _to("{host}/again"),
    "with a long address": _to("/" + "x" * 60_000),
}

JSON = {
    "nested lists": Reply(b"[" * DEPTH + b"]" * DEPTH),
    "nested objects": Reply(b'{"results":' * DEPTH + b"1" + b"}" * DEPTH),
    "long number": Reply(b"9" * 50_000),
    "millions of values": Reply(b'{"results":[' + b"{}," * 2_000_000 + b"{}]}"),
    "not JSON": Reply(b"<html>welcome to the hotel's network</html>"),
    "empty": Reply(),
    "list": Reply(b"[1, 2, 3]"),
    "text": Reply(b'"text"'),
    "null": Reply(b"null"),
    "not UTF-8": Reply(b'{"results": [{"id": "\xff\xfe"}]}'),
    "cut": Reply(b'{"results": [{"id": "1'),
    "wrong encoding": Reply(b"not gzip", headers={"Content-Encoding": "gzip"}),
}

PUBLICATIONS = [
    # CSV files of the European Central Bank, in their ZIP archive.
    Hostile("rate without end", "exchange_rates", "1" * 10_000, "rate"),
    Hostile("rate of a huge exponent", "exchange_rates", "1e999999", "rate"),
    Hostile("rate that is no number", "exchange_rates", "NaN", "rate"),
    Hostile("infinite rate", "exchange_rates", "Infinity", "rate"),
    Hostile("negative rate", "exchange_rates", "-1", "positive number"),
    Hostile("NUL", "exchange_rates", "1.1\0", "rate"),
    Hostile("formula", "exchange_rates", "=cmd()", "rate"),
]

# fields of Open Exchange Rates' publications, as JSON; the error, None if harmless
PUBLISHED = [
    Hostile(name, field, value, error)
    for name, field, value, error in [
        ("huge number", "rates", '{"EUR": ' + "9" * 4_000 + "}", "is no rate of EUR"),
        ("huge exponent", "rates", '{"EUR": 1e999999999}', "is no rate of EUR"),
        ("tiny exponent", "rates", '{"EUR": 1e-999999999}', "is no rate of EUR"),
        ("not a number", "rates", '{"EUR": NaN}', "not as the API documents it"),
        ("infinity", "rates", '{"EUR": Infinity}', "not as the API documents it"),
        ("text", "rates", '{"EUR": "1; DROP TABLE"}', "is no rate of EUR"),
        ("nested", "rates", '{"EUR": {"EUR": 1}}', "is no rate of EUR"),
        ("list", "rates", "[1, 2]", "not as the API documents it"),
        ("none", "rates", "{}", "there is no rate"),
        ("NUL in a name", "rates", '{"E\\u0000R": 1}', None),
        ("newline in a name", "rates", '{"E\\nR": 1}', None),
        ("long name", "rates", '{"' + "X" * 100_000 + '": 1}', None),
        (
            "half of a character",
            "rates",
            '{"\\ud800": 1}',
            "not as the API documents it",
        ),
        ("huge exponent", "timestamp", "1e999999999", "not as the API documents it"),
        ("huge number", "timestamp", "9" * 30, "no year that there is"),
        ("before all time", "timestamp", "-" + "9" * 18, "year"),
        ("text", "timestamp", '"now"', "not as the API documents it"),
        ("null", "timestamp", "null", "not as the API documents it"),
        ("list", "base", "[]", "not as the API documents it"),
    ]
]
USAGES = {
    # values of `requests_remaining`. int() of 1e999999999 would take hours.
    "huge exponent": "1e999999",
    "infinity": "Infinity",
    "text": '"1000"',
    "null": "null",
}

# links of a page of VAN's to the next one: `{host}` is the server itself
LINKS = {
    "on another host": "{other}/stolen",
    "by file": "file:///etc/passwd",
    "itself": "{host}/v4/activistCodes",
    "a number": 7,
    "a list": ["x"],
    "long": "{host}/" + LONG,
    "with a line break": "http://[\r\nX-Injected: 1",
}

ADDRESSES = {
    # answers of the service that tells the outbound address
    "HTML": Reply(b"<html>welcome to the hotel's network</html>"),
    "newline": Reply(b"203.0.113.7\nall is well"),
    "long": Reply(LONG.encode()),
    "NUL": Reply(b"203.0.113.7\0"),
    "not UTF-8": Reply(b"\xff\xfe"),
    "empty": Reply(),
}
