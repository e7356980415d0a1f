"""Rules on values, through the run of a pipeline into DuckDB."""

from __future__ import annotations

import json

import dlt
import pyarrow as pa
import pytest

from tests.samples.pets import pets_pipeline
from tests.samples.promised_pets import (
    DAY,
    NOW,
    PETS,
    RULES,
    changed,
    load,
    names,
    pets,
)
from tests.servers.duckdb_warehouse import query
from utils.errors import ClearError
from utils.loading.run import run_pipeline
from utils.promises.declared import promise
from utils.promises.outcome import PromiseBroken

BREAKS = [
    ({"kind": None}, "kind is not NULL", "kind NULL"),
    ({"name": "Ada"}, "name comes once in a load", "name 'Ada'"),
    ({"name": "Pet 3"}, "name comes once in a load", "name 'Pet 3'"),
    ({"legs": 400}, "legs is between 0 and 8", "legs '400'"),
    ({"kind": "cow"}, "kind is one of cat, dog", "kind 'cow'"),
]


@pytest.mark.parametrize("arrow", [True, False], ids=["arrow", "rows"])
@pytest.mark.parametrize("change, words, example", BREAKS)
def test_a_row_that_breaks_a_rule_fails_the_load(
    warehouse, arrow, change, words, example, caplog
):
    with pytest.raises(PromiseBroken) as error:
        load(changed(change), arrow=arrow, **RULES)

    text = str(error.value)
    assert text.startswith(f"Table pets breaks its promise that {words}: 1 of the ")
    assert "Nothing was loaded" in text
    # Values are in the log alone: errors go to people's phones.
    assert example not in text
    assert f"A row of table pets has {example}" in caplog.text


def test_after_a_failed_load_the_corrected_rows_are_loaded(warehouse):
    load(PETS[:3], **RULES)
    with pytest.raises(PromiseBroken):
        load(changed({"kind": "cow"}), **RULES)
    assert len(names(warehouse)) == 3
    load(PETS, **RULES)
    assert len(names(warehouse)) == 3 + len(PETS)


@pytest.mark.parametrize("arrow", [True, False], ids=["arrow", "rows"])
@pytest.mark.parametrize("change, words, example", BREAKS)
def test_a_row_that_breaks_a_rule_is_set_aside(
    warehouse, arrow, change, words, example
):
    rows = changed(change)
    report = load(rows, arrow=arrow, broken="set aside", **RULES)

    assert len(names(warehouse)) == len(PETS) - 1
    ((broken, row, at),) = query(
        warehouse,
        "SELECT broken_promise, source_row, set_aside_at FROM dev_pets.pets_set_aside",
    )
    assert broken == words
    assert json.loads(row).items() >= change.items()
    assert NOW <= at
    told = "1 row is not in pets, but set aside in pets_set_aside"
    assert report.broken_promises == [told]
    assert told in str(report)


@pytest.mark.parametrize("arrow", [True, False], ids=["arrow", "rows"])
def test_a_column_without_any_value_breaks_only_what_forbids_it(warehouse, arrow):
    rows = [row | {"kind": None, "legs": None} for row in PETS]
    rules = {name: RULES[name] for name in ("between", "accepted")}
    load(rows, arrow=arrow, **rules)
    assert len(names(warehouse)) == len(PETS)
    load(rows, arrow=arrow, unique=["legs"])
    with pytest.raises(PromiseBroken, match="kind is not NULL"):
        load(rows, arrow=arrow, not_null=["kind"])


def test_all_broken_rules_of_a_row_are_told(warehouse):
    rows = changed({"kind": "cow", "legs": -1})
    load(rows, broken="set aside", **RULES)
    ((broken,),) = query(
        warehouse, "SELECT broken_promise FROM dev_pets.pets_set_aside"
    )
    assert broken == "legs is between 0 and 8; kind is one of cat, dog"


def test_more_than_a_tenth_fails_the_load(warehouse):
    load(PETS[:2])
    rows = [row | {"legs": 40} if n < 4 else row for n, row in enumerate(PETS)]
    with pytest.raises(PromiseBroken, match="4 of the 27 rows, more than the 10%"):
        load(rows, broken="set aside", **RULES)
    assert len(names(warehouse)) == 2
    with pytest.raises(Exception, match="pets_set_aside"):
        query(warehouse, "FROM dev_pets.pets_set_aside")


@pytest.mark.parametrize(
    "promises, words",
    [
        ({"not_null": ["kinds"]}, "Did you mean `kind`?"),
        ({"fresh": ("fead", DAY)}, "Did you mean `fed`?"),
        ({"fresh": ("name", DAY)}, "needs times or dates"),
        ({"fresh": ("legs", DAY)}, "needs times or dates"),
        ({"between": {"name": (0, 1)}}, "cannot be checked"),
    ],
)
def test_a_promise_that_cannot_be_checked_is_explained(warehouse, promises, words):
    with pytest.raises(ClearError) as error:
        load(PETS, **promises)
    assert words in str(error.value) and "Nothing was loaded" in str(error.value)


@pytest.mark.parametrize("arrow", [True, False], ids=["arrow", "rows"])
@pytest.mark.parametrize("broken", ["fail", "set aside"])
@pytest.mark.parametrize(
    "size", [5, *(pytest.param(size, marks=pytest.mark.slow) for size in (1, 100))]
)
def test_repeated_keys_are_found_in_whatever_batches(warehouse, arrow, broken, size):
    names = ["d", "c", "b", "a", "e", "c", *"fghijklmnopqrstuvwxyz"]
    rows = [{"name": name} for name in names]
    options = dict(arrow=arrow, size=size, unique=["name"], broken=broken)
    if broken == "fail":
        with pytest.raises(PromiseBroken, match="name comes once in a load: 1 of the"):
            load(rows, **options)
    else:
        report = load(rows, **options)
        assert report.tables[0].rows == len(set(names))


def test_a_dropped_table_of_rows_set_aside_comes_back_and_nothing_else_is_lost(
    warehouse,
):
    bad = PETS[0] | {"name": "Max", "kind": "cow"}
    load([*PETS, bad], disposition="append", broken="set aside", **RULES)
    query(warehouse, "DROP TABLE dev_pets.pets_set_aside")
    load(PETS[:1], broken="set aside", **RULES)
    assert len(names(warehouse)) == len(PETS) + 1
    assert query(warehouse, "FROM dev_pets.pets_set_aside") == []
    load([*PETS[:1], bad], broken="set aside", **RULES)
    assert len(query(warehouse, "FROM dev_pets.pets_set_aside")) == 1


def test_rows_are_set_aside_whatever_hints_their_resource_has(warehouse):
    source = pets(changed({"kind": None}), broken="set aside", not_null=["kind"])
    column = {"name": "name", "data_type": "text", "nullable": False}
    source.pets.apply_hints(
        columns={"name": column},
        merge_key="legs",
        primary_key="name",
        write_disposition="merge",
    )
    run_pipeline(pets_pipeline(), source)
    assert len(names(warehouse)) == len(PETS) - 1
    assert len(query(warehouse, "FROM dev_pets.pets_set_aside")) == 1


def test_a_row_that_is_read_again_is_set_aside_once(warehouse):
    for _ in range(2):  # as by a lag
        load(changed({"kind": "cow"}), broken="set aside", **RULES)
    assert len(query(warehouse, "FROM dev_pets.pets_set_aside")) == 1


def test_one_row_of_a_small_load_may_be_set_aside(warehouse):
    load([PETS[0], PETS[1] | {"kind": "cow"}], broken="set aside", **RULES)
    assert names(warehouse) == ["Ada"]


def test_a_promised_column_that_no_row_has_is_told(warehouse, caplog):
    load(PETS, arrow=False, accepted={"petKind": ["cat"]}, fresh=("fead", DAY))
    assert "promises something about fead, petKind, which no row" in caplog.text


def test_a_list_of_arrow_tables_is_checked(warehouse):
    tables = [
        pa.Table.from_pylist(part) for part in (PETS[:5], changed({"kind": None}))
    ]
    resource = dlt.resource([tables], name="pets")
    source = dlt.source(lambda: promise(resource, not_null=["kind"]), name="pets")()
    with pytest.raises(PromiseBroken, match="kind is not NULL"):
        run_pipeline(pets_pipeline(), source)
