"""The report of a load."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from dataclasses import replace

import duckdb
from rich.console import Console

from utils.loading.report import LoadReport, TableLoad, combined
from utils.promises.outcome import Outcome

NEW = (("new table", ("name (text)",)),)
LEGS = (("new columns", ("legs (bigint)",)),)
REPORT = LoadReport(
    pipeline="pets",
    destination_type="duckdb",
    place="/data/ware house.duckdb",
    dataset="dev_pets",
    tables=(
        TableLoad("pets", 1234567, 2_000_000, LEGS),
        TableLoad("owners", 0, 0),
    ),
    load_ids=("1795292555.26",),
    recovered_load_ids=(),
    seconds=1.54,
    notes=("a cat was added",),
)


def test_each_table_is_a_row():
    assert list(REPORT.cells()) == [
        ("pets", 1234567, 2_000_000, LEGS),
        ("owners", 0, 0, ()),
    ]


def test_facts():
    recovered = replace(REPORT, recovered_load_ids=("1795292000.1",))
    assert [(fact.name, fact.text) for fact in recovered.facts()] == [
        ("load id", "1795292000.1, which an interrupted run had left"),
        ("note", "a cat was added"),
        ("seconds", "1.5"),
        ("load id", "1795292555.26"),
        ("place", "/data/ware house.duckdb, dataset dev_pets"),
        ("look", REPORT.how_to_look),
    ]


def test_the_command_to_look_can_be_copied():
    terminal = Console(file=io.StringIO(), width=40)
    terminal.print(REPORT, crop=False)
    assert terminal.file.getvalue().splitlines()[-1].endswith(REPORT.how_to_look)


def test_summary():
    assert REPORT.summary == "Loaded 1,234,567 rows into dev_pets in 1.5 s"
    nothing = replace(REPORT, load_ids=())
    assert nothing.summary == "Nothing new to load: dev_pets is up to date"


def test_the_command_to_look_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "ware house.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA dev_pets")
        connection.execute("CREATE TABLE dev_pets.pets AS SELECT 'Rex' AS name")

    command = shlex.split(replace(REPORT, place=str(file)).how_to_look)

    assert command[:3] == ["uv", "run", "python"]
    shown = subprocess.run([sys.executable, *command[3:]], capture_output=True)
    assert b"Rex" in shown.stdout, shown.stderr


def test_other_destinations_are_looked_at_with_sql():
    look = replace(REPORT, destination_type="snowflake").how_to_look
    assert look == "SELECT * FROM dev_pets.pets LIMIT 10"


def test_several_runs_make_one_report():
    first = replace(
        REPORT,
        tables=(TableLoad("pets", 2, 100, NEW),),
        load_ids=("1",),
        recovered_load_ids=("0",),
        notes=(),
    )
    both = combined([first, REPORT])
    assert both.tables == (
        TableLoad(
            "pets",
            1_234_569,
            2_000_100,
            (*NEW, *LEGS),
        ),
        TableLoad("owners", 0, 0),
    )
    assert both.load_ids == ("1", "1795292555.26")
    assert both.recovered_load_ids == ("0",)
    assert both.seconds == 2 * 1.54
    assert both.notes == ("a cat was added",)


def test_of_a_lake_it_shows_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a lake" / "dev_pets" / "pets"
    folder.mkdir(parents=True)
    duckdb.connect().execute(f"COPY (SELECT 'Rex') TO '{folder}/1.2.3.parquet'")
    report = replace(
        REPORT, destination_type="filesystem", place=str(tmp_path / "a lake")
    )
    command = shlex.split(report.how_to_look.removeprefix("uv run python"))
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert "Rex" in done.stdout, done.stderr
    in_bucket = replace(report, place="s3://lake").how_to_look
    assert in_bucket == "s3://lake/dev_pets/pets/*.parquet"


def test_several_runs_keep_what_each_has_broken():
    def run(set_aside: int, *broken: str) -> LoadReport:
        outcome = Outcome(None, None, set_aside, broken)
        return replace(REPORT, tables=(TableLoad("pets", 1, 1, outcome=outcome),))

    both = combined([run(5, "5 rows", "stale"), run(0, "stale")])
    assert both.broken_promises == ["5 rows", "stale"]
    assert both.tables[0].outcome.set_aside == 5


def test_the_key_is_the_datasets_and_another_one_for_ranges():
    assert REPORT.key == "dev_pets-load"
    assert replace(REPORT, pipeline="pets_20260101_20260131").key == (
        "dev_pets-range-load"
    )
