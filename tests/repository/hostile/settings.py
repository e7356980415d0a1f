"""Hostile settings, as environment variables."""

from __future__ import annotations

from tests.repository.hostile import LONG, Hostile

_ADDRESSES = {
    # name: (address, error)
    "file": "file:///etc/passwd",
    "ftp": "ftp://example.org/x",
    "plain http": "http://example.org/x",
    "metadata of EC2": "http://169.254.169.254/latest/meta-data/iam/",
    "credentials of ECS": "http://169.254.170.2/v2/credentials",
    "metadata by https": "https://169.254.169.254/latest/meta-data/iam/",
    "metadata in decimal": "https://2852039166/latest/meta-data/",
    "metadata in IPv6": "https://[fe80::1]/x",
    "metadata of EC2 in IPv6": "https://[fd00:ec2::254]/latest/meta-data/",
    "no scheme": "example.org/x",
    "no host": "https:///x",
    "empty": "",
    "broken IPv6": "https://[::1",
    "port": "https://example.org:99999/x",
    "space": "https://exam ple.org/x",
    "newline": "https://example.org/\r\nX-Injected: 1",
    "NUL": "https://example.org\0.example.net/x",
    "address as a number": "https://0xa9fea9fe/x",
    "backslash": "https://example.org\\@example.net/x",
    "template": "https://{{ host }}/${HOME}",
    "long": f"https://example.org/{LONG}",
}
# harmless: who sets the address chooses the server and the user
_HARMLESS = {
    "user": "https://api.hubapi.com@example.net/x",
    "password": "https://reader:sesame@example.org/x",
    "query": "https://example.org/x?to=https://example.net",
    "fragment": "https://example.org/x#",
    "path": "https://example.org/../../../etc/passwd",
}
# The ECB's address is used only when its history is fetched, which takes longer.
_OF_A_FILE = ("file", "plain http", "credentials of ECS", "newline", "empty")
_APIS = ("open_exchange_rates.api_url", "hubspot.base_url", "van.base_url")
ADDRESSES = [
    Hostile(name, place, value, place.partition(".")[2])
    for place in ("exchange_rates.publication_url", *_APIS)
    for name, value in _ADDRESSES.items()
    if place in _APIS or name in _OF_A_FILE
] + [
    Hostile(name, place, value, None)
    for place in _APIS
    for name, value in _HARMLESS.items()
]

NUMBERS = [
    Hostile(name, place, value, place.partition(".")[2])
    for place in ("products.lag_hours", "hubspot.lag_hours")
    for name, value in {
        "infinity": "inf",
        "not a number": "nan",
        "negative": "-1",
        "huge": "1e308",
        "long": "9" * 5_000,
        "quote": "24'; DROP TABLE products; --",
        "template": "{{ hours }}",
    }.items()
]

VAN = [
    Hostile("zero", "van.days_per_load", "0", "days_per_load"),
    Hostile("negative", "van.days_per_load", "-1", "days_per_load"),
    Hostile("huge", "van.days_per_load", "9" * 30, "days_per_load"),
    Hostile("huge", "van.days_read_again", "9" * 30, "days_read_again"),
    Hostile("negative", "van.days_read_again", "-1", "days_read_again"),
    Hostile("the beginning of time", "van.first_day", "0001-01-01", "first_day"),
    Hostile("the end of time", "van.first_day", "9999-12-31", "first_day"),
    Hostile("no date", "van.first_day", "yesterday'; --", "first_day"),
    Hostile("quote", "van.database", "EveryAction|1'\n", "database"),
    Hostile("long", "van.database", LONG, "database"),
]

PROPERTIES = [
    Hostile("quote", "hubspot.contact_properties", """["a'b\\"; --"]""", "propert"),
    Hostile("newline", "hubspot.contact_properties", '["a\\nb"]', "propert"),
    Hostile("NUL", "hubspot.contact_properties", '["a\\u0000b"]', "propert"),
    Hostile("query", "hubspot.contact_properties", '["a&limit=1#"]', "propert"),
    Hostile("comma", "hubspot.contact_properties", '["a,b"]', "propert"),
    Hostile("traversal", "hubspot.contact_properties", '["../../x"]', "propert"),
    Hostile("empty", "hubspot.contact_properties", '[""]', "propert"),
    Hostile("long", "hubspot.contact_properties", f'["{LONG}"]', "propert"),
    Hostile(
        "many",
        "hubspot.contact_properties",
        str([f"p{number}" for number in range(100_000)]).replace("'", '"'),
        "propert",
    ),
    Hostile("no list", "hubspot.contact_properties", '{"a": 1}', "propert"),
    Hostile("nested", "hubspot.contact_properties", "[" * 50_000, "propert"),
]

LAYOUTS = [
    Hostile(name, place, value, place.rpartition(".")[2])
    for place, values in {
        "dataset_name_layout": {
            "two places": "%s_%s",
            "no place": "production",
            "other places": "%n%(x)s",
            "quote": """x"; DROP SCHEMA public; --%s""",
            "traversal": "../../%s",
            "newline": "a\n%s",
            "NUL": "a\0%s",
            "template": "{{ x }}${HOME}%s",
            "long": f"{LONG}%s",
        },
        "destination.lake.bucket_url": {
            "NUL": "lake\0",
            "newline": "lake\nx",
            "metadata": "http://169.254.169.254/x",
            "no bucket": "s3://",
            "long": f"s3://{LONG}",
            "template": "s3://{bucket}/x",
        },
        "destination.warehouse.destination_type": {
            "code": "os.system",
            "traversal": "../../x",
            "quote": "duckdb'; --",
            "long": LONG,
        },
        "loading.smallest_replacement": {
            "not a number": "nan",
            "negative": "-1",
            "more than all": "2",
            "infinity": "inf",
        },
    }.items()
    for name, value in values.items()
]

OUTBOUND = [
    Hostile("newline", "EXPECTED_OUTBOUND_IP", "1.2.3.4\nall is well", "outbound"),
    Hostile("long", "EXPECTED_OUTBOUND_IP", LONG, "outbound"),
    Hostile("template", "EXPECTED_OUTBOUND_IP", "{{ ip }}${HOME}", "outbound"),
]
