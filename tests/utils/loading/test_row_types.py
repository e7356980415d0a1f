"""A field of a row that changes its shape is an error, and nothing is loaded."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from tests.servers.duckdb_warehouse import query
from utils.destinations.pipelines import pipeline_into
from utils.loading.column_types import TypeChanged
from utils.loading.run import run_pipeline

REX = {
    "petName": "Rex",
    "born": "2020-01-01T00:00:00Z",
    "vaccinated": "2026-01-01",
    "legs": 4,
    "tame": True,
    "owner": {"name": "Ada"},
    "toys": [{"kind": "ball"}],
    "notes": {"anything": [1]},
}


def run(row: dict[str, Any]):
    @dlt.resource(
        primary_key="pet_name",
        write_disposition="merge",
        columns={
            "born": {"data_type": "timestamp"},
            "vaccinated": {"data_type": "date"},
            "notes": {"data_type": "json"},
            "chip": {"data_type": "text"},
        },
    )
    def pets():
        yield [row]

    source = dlt.source(lambda: pets, name="pets")()
    return run_pipeline(pipeline_into("warehouse", "pets"), source)


ANOTHER_SHAPE = (
    ("petName", {"en": "Rex"}, "pet_name of table pets arrives as an object"),
    ("petName", ["Rex"], "pet_name of table pets arrives as a list, and is text"),
    ("born", 5, "born of table pets arrives as bigint, and is timestamp"),
    ("vaccinated", 5, "vaccinated of table pets arrives as bigint, and is date"),
    ("legs", True, "legs of table pets arrives as bool, and is bigint"),
    ("tame", 1, "tame of table pets arrives as bigint, and is bool"),
    ("owner", "Ada", "owner of table pets arrives as text, and is an object"),
    ("owner", {"name": ["A"]}, "owner__name of table pets arrives as a list"),
    ("toys", "ball", "toys of table pets arrives as text, and is a list"),
    ("legs", "four", "legs of table pets arrives as text, and is bigint"),
)


def test_another_shape_than_before_is_refused(warehouse, subtests):
    run(REX)
    for field, value, said in ANOTHER_SHAPE:
        with subtests.test(said), pytest.raises(TypeChanged, match=said):
            run({**REX, "petName": "Tom", field: value})
    assert query(warehouse, "SELECT pet_name FROM dev_pets.pets") == [("Rex",)]
    run({**REX, "petName": "Ada"})  # nothing is left of the refused
    names = query(warehouse, "SELECT pet_name FROM dev_pets.pets ORDER BY ALL")
    assert names == [("Ada",), ("Rex",)]


def test_what_is_declared_holds_for_the_first_load(warehouse):
    with pytest.raises(TypeChanged, match="chip of table pets arrives as an object"):
        run({**REX, "chip": {"id": 1}})


def test_what_loses_nothing_passes(warehouse, subtests):
    run(REX)
    passes = [("legs", "4"), ("notes", [1]), ("born", None), ("tail", 1)]
    for number, (field, value) in enumerate(passes):
        with subtests.test(field):
            run({**REX, "petName": f"Tom {number}", field: value})
    assert query(warehouse, "SELECT count(*) FROM dev_pets.pets") == [(5,)]
