"""Declared columns."""

from __future__ import annotations

import dlt

from sources.columns import columns_of_types


def test_each_name_becomes_a_column_of_its_type():
    assert columns_of_types({"bigint": "id legs", "text": "name"}) == {
        "id": {"name": "id", "data_type": "bigint"},
        "legs": {"name": "legs", "data_type": "bigint"},
        "name": {"name": "name", "data_type": "text"},
    }


def test_a_resource_has_the_types_before_it_has_rows():
    columns = columns_of_types({"timestamp": "born", "double": "weight"})
    pets = dlt.resource([], name="pets", columns=columns)
    schema = pets.compute_table_schema()
    assert {name: each["data_type"] for name, each in schema["columns"].items()} == {
        "born": "timestamp",
        "weight": "double",
    }
