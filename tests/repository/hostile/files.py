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
    Hostile("huge", "redshift_export", b"-" * (2**24 + 1), "more than 16 MiB"),
]

# texts that the database refuses
STATEMENTS = [
    Hostile("empty", "redshift_export", "", "can't execute an empty query"),
    Hostile("comment", "redshift_export", "-- nothing", "pets/cats.sql.*syntax error"),
    Hostile(
        "end of the transaction",
        "redshift_export",
        "SELECT 1 AS id; COMMIT; CREATE TABLE stolen (id int)",
        "pets/cats.sql has more than one statement",
    ),
    Hostile("writing", "redshift_export", "CREATE TABLE x (id int)", "syntax error"),
    Hostile(
        "deep",
        "redshift_export",
        "SELECT " + "(" * 30_000 + "1" + ")" * 30_000,
        "memory",
    ),
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
    Hostile("none", "exchange_rates", [], "empty|no |one"),
    Hostile("thousands", "exchange_rates", [f"{n}.csv" for n in range(5_000)], "one"),
    Hostile("long", "exchange_rates", ["x" * 60_000 + ".csv"], None),
]

# archives that lie or explode; tests/repository/hostile/archives.py makes them
ARCHIVES = [
    Hostile("a bomb", "exchange_rates", "bomb", "unpacks to more than 16 MiB"),
    Hostile("in bzip2", "exchange_rates", "bzip2", "method of compression"),
    Hostile("unknown method", "exchange_rates", "unknown_method", "method of compr"),
    Hostile("one line", "exchange_rates", "one_line", "characters, too many"),
    Hostile("rows", "exchange_rates", "rows", "600,000 rows, more than days"),
    Hostile("a longer member", "exchange_rates", "longer_member", "not a whole ZIP"),
    Hostile("encrypted", "exchange_rates", "encrypted", "is encrypted"),
    Hostile("cut off", "exchange_rates", "cut_off", "not a whole ZIP"),
    Hostile("no archive", "exchange_rates", "no_archive", "not a whole ZIP"),
]
