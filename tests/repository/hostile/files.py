"""Hostile files: queries of a folder, members of the ECB's ZIP archive."""

from __future__ import annotations

from tests.repository.hostile import Hostile

SQL_NAMES = [
    Hostile("quote", "redshift_export", "a'b.sql", "a'b"),
    Hostile("newline", "redshift_export", "a\nb.sql", "name"),
    Hostile("template", "redshift_export", "%(since)s.sql", "name"),
    Hostile("percent", "redshift_export", "a%2f..%2fb.sql", "name"),
    Hostile("only a suffix", "redshift_export", ".sql", "name|no .*quer"),
    Hostile("parent", "redshift_export", "...sql", "name"),
    Hostile("text direction", "redshift_export", "\u202elqs.sql", "name"),
    Hostile("long", "redshift_export", "x" * 240 + ".sql", "name"),
]

SQL_CONTENTS = [
    Hostile("bytes", "redshift_export", b"SELECT '\xff\xfe'", "UTF-8"),
    Hostile("NUL", "redshift_export", b"SELECT '\0'", "NUL"),
    Hostile("empty", "redshift_export", b"", "empty|nothing"),
    Hostile(
        "two statements", "redshift_export", b"SELECT 1; DROP TABLE pets", "pets|one"
    ),
    Hostile("huge", "redshift_export", b"-- x\n" * 2_000_000, "MB|long|large"),
]

SQL_LINKS = {
    # what stands where a query should: a link out of the folder, a pipe, a folder
    "link": "/etc/passwd",
    "device": "/dev/zero",
}

MEMBERS = [
    # members of a ZIP archive by name; a CSV file is expected alone
    Hostile("traversal", "exchange_rates", ["../../../etc/cron.d/x.csv"], None),
    Hostile("absolute", "exchange_rates", ["/etc/passwd.csv"], None),
    Hostile("newline", "exchange_rates", ["a\nb.csv"], None),
    Hostile("two", "exchange_rates", ["a.csv", "b.csv"], "2|one"),
    Hostile("none", "exchange_rates", [], "empty|no |one"),
    Hostile("thousands", "exchange_rates", [f"{n}.csv" for n in range(5_000)], "one"),
    Hostile("long", "exchange_rates", ["x" * 60_000 + ".csv"], None),
]

ARCHIVES = {
    # archives that lie or explode; the test makes them
    "bomb": "10 GB of spaces in 10 MB",
    "bomb of one line": "a row without end",
    "bomb in bzip2": "smaller still",
    "wrong size": "a member that is longer than its header says",
    "encrypted": "a member with a password",
    "unknown method": "a method of compression that does not exist",
    "cut off": "half of an archive",
    "overlapping members": "members that share their bytes",
    "not an archive": "HTML",
}
