"""Each type of destination is found by dlt's name; others are like SQL databases."""

from __future__ import annotations

import pytest

from utils.destinations.by_type import SUPPORTED, type_named, type_of
from utils.destinations.destination_type import DestinationType
from utils.destinations.pipelines import pipeline_into


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_supported_type_is_found_by_either_of_dlts_names(name):
    assert type_named(name) is type_named(f"dlt.destinations.{name}")
    assert type_named(name).name == name


@pytest.mark.parametrize("name", ["duckdb", "postgres", "filesystem"])
def test_a_pipelines_type_is_the_configured_one(warehouse, monkeypatch, name):
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", name)
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", str(warehouse.parent))
    assert type_of(pipeline_into("warehouse", "pets")) is SUPPORTED[name]


def test_another_type_gets_the_defaults():
    assert type_named("bigquery") == DestinationType("bigquery")
    look = type_named("bigquery").how_to_look("project", "dev_pets", "pets")
    assert look == "SELECT * FROM dev_pets.pets LIMIT 10"
