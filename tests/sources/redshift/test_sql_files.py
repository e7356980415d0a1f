"""The .sql files of a folder, and their parameters."""

from __future__ import annotations

import pytest

from sources.redshift.sql_files import FOLDERS, PLACEHOLDER, QueriesError, read_queries


def test_each_query_has_the_parameters_that_it_uses(queries):
    queries.add("cats", "SELECT %(since)s, %(limit)s, %(since)s")
    queries.add("dogs", "SELECT %(since)s")
    queries.add("mice", "SELECT 1")

    cats, dogs, mice = read_queries("pets", {"since": "2026-12-31", "limit": None})

    assert cats.name == "pets/cats"
    assert cats.parameters == {"since": "2026-12-31", "limit": None}
    assert dogs.parameters == {"since": "2026-12-31"}
    assert mice.parameters == {}


def test_a_per_cent_sign_needs_no_second_one(queries):
    query = queries.read("SELECT 'a%', 7 % 2, '%(' WHERE x = %(y)s -- 5 %", y=1)
    assert query.sql % {"y": "?"} == "SELECT 'a%', 7 % 2, '%(' WHERE x = ? -- 5 %"


def test_the_mark_that_some_editors_put_first_is_no_part_of_it(queries):
    assert queries.read("\ufeffSELECT 1").sql == "SELECT 1"


@pytest.mark.parametrize(
    "sql, given, message",
    [
        ("SELECT %(since)s", {}, "queries/pets/cats.sql needs a value for since: .*"),
        ("SELECT %(a)s, %(b)s", {"c": 1}, "needs a value for a, b"),
        ("SELECT %(a)s", {"a": 1, "z": 2}, "No query in pets uses z. .*: a. Nothing"),
        ("SELECT 1", {"z": 2}, "No query in pets uses z. Their parameters: none"),
    ],
)
def test_parameters_that_do_not_fit(queries, sql, given, message):
    with pytest.raises(QueriesError, match=message):
        queries.read(sql, **given)


@pytest.mark.parametrize(
    "sql", ["SELECT 1; COMMIT", "SELECT 1;\n-- two\nSELECT 2;", "SELECT ';'; COMMIT;"]
)
def test_a_second_statement(queries, sql):
    assert queries.read(sql).has_second_statement


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ';', 'it''s; it', 'a\\';' -- ;\n;",
        'SELECT 1 AS "a;b" /* ; \n ; */ ; ;',
        "SELECT $$;$$, $x$ ; $$ ; $x$",
        "SELECT 7 % 2, %(a)s;\n",
    ],
)
def test_a_semicolon_that_ends_no_statement(queries, sql):
    given = {"a": 1} if "%(a)s" in sql else {}
    assert not queries.read(sql, **given).has_second_statement


@pytest.mark.parametrize("folder", ["plants", "..", "", "../queries/pets"])
def test_a_folder_that_is_not_there(queries, folder):
    with pytest.raises(QueriesError, match="No folder .* folders: `pets`"):
        read_queries(folder, {})


def test_an_empty_folder(queries):
    with pytest.raises(QueriesError, match="No .sql file in .*pets"):
        read_queries("pets", {})


def test_every_folder_of_the_repository_can_be_read():
    for folder in FOLDERS.iterdir():
        texts = "".join(file.read_text() for file in folder.glob("*.sql"))
        parameters = dict.fromkeys(PLACEHOLDER.findall(texts), "2026-12-31")
        assert read_queries(folder.name, parameters)
