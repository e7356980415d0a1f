"""A changed type is refused: another type, more digits, a lost time zone."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.samples.pets import pets, pets_pipeline, rows
from tests.servers.duckdb_warehouse import query
from utils.loading.column_types import TypeChanged
from utils.loading.run import run_pipeline


def test_a_changed_type_is_refused_and_named(warehouse, subtests):
    run_pipeline(pets_pipeline(), pets({"name": "Rex", "legs": 4}))
    others = {"text": "four", "double": 4.5, "decimal(1, 0)": Decimal("4")}
    for incoming, legs in others.items():
        with subtests.test(incoming), pytest.raises(TypeChanged) as error:
            run_pipeline(pets_pipeline(), pets({"name": "Tom", "legs": legs}))
        assert str(error.value).startswith(
            f"Column legs of table pets arrives as {incoming}, and is bigint in the"
        )
    assert rows(warehouse) == [("Rex", 4)]
    run_pipeline(pets_pipeline(), pets({"name": "Tom", "legs": 3}))
    assert rows(warehouse) == [("Rex", 4), ("Tom", 3)]


def test_a_value_in_a_row_that_does_not_fit_is_refused_and_named(warehouse):
    """Rows that are no Arrow are typed only when they are normalized."""

    def load_as_rows(legs: object) -> None:
        source = pets({"name": "Rex", "legs": legs})
        source.pets.add_map(lambda table: table.to_pylist())
        run_pipeline(pets_pipeline(), source)

    load_as_rows(4)
    with pytest.raises(
        TypeChanged, match="^Column legs of table pets arrives as text,"
    ):
        load_as_rows("four")
    load_as_rows("3")
    assert query(warehouse, "SELECT name, legs FROM dev_pets.pets") == [("Rex", 3)]


def load(**columns: tuple[pa.DataType, object]) -> None:
    """Load one pet whose columns have these types."""
    table = pa.table(
        {name: pa.array([value], type_) for name, (type_, value) in columns.items()}
    )
    source = pets()
    source.pets.add_map(lambda _: table.append_column("name", pa.array(["Rex"])))
    run_pipeline(pets_pipeline(), source)


def test_other_digits_are_refused_where_the_database_would_round(warehouse, subtests):
    load(weight=(pa.decimal128(10, 2), Decimal("1.25")))
    others = {
        "decimal(10, 4)": pa.decimal128(10, 4),
        "decimal(12, 2)": pa.decimal128(12, 2),
        "bigint": pa.int64(),
    }
    for named, type_ in others.items():
        with subtests.test(named), pytest.raises(TypeChanged) as error:
            load(weight=(type_, 2))
        assert str(error.value).startswith(
            f"Column weight of table pets arrives as {named}, and is decimal(10, 2) in"
        )
    assert rows(warehouse) == [(Decimal("1.25"), "Rex")]


@pytest.mark.parametrize("zones", [("UTC", None), (None, "UTC")])
def test_times_without_a_zone_are_in_utc(warehouse, zones):
    born = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    for zone in zones:
        load(born=(pa.timestamp("us", zone), born))
        assert rows(warehouse) == [(born, "Rex")]
