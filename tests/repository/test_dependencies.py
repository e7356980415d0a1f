"""Dependencies: imports are declared, and nothing else is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

from infrastructure.licences import installed
from tests.repository.tree import ROOT

PACKAGES = {
    *(
        "prefect",
        "prefect-aws",
        "boto3",
        "dlt",
        "snowflake-connector-python",
        "parsons",
    ),
    *("pytest", "black", "isort"),
}
# Libraries of parsons' other connectors that Prefect, dlt, moto or this project need.
NEEDED_BY_OTHERS = {
    *("boto3", "protobuf", "psycopg2-binary", "rich", "sqlalchemy", "urllib3"),
    "xmltodict",
}


def deptry(*arguments: str) -> tuple[int, str]:
    """Return how many files deptry read, and what it found."""
    program = Path(sys.executable).with_name("deptry")
    command = [program, "--no-ansi", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return int(re.search(r"Scanning (\d+) file", done.stderr)[1]), done.stderr


def test_every_imported_library_is_declared():
    files, found = deptry(".")
    assert "No dependency issues found" in found, found
    assert files > 50


def test_every_library_that_tests_import_is_declared():
    # Libraries of the development group may be unused here.
    files, found = deptry("tests", "--exclude", "-", "--ignore", "DEP002,DEP004")
    assert "No dependency issues found" in found, found
    assert files > 50


def test_the_packages_of_this_project_are_installed():
    assert PACKAGES <= installed().keys()


def test_parsons_brings_libraries_of_two_connectors_only():
    of_extras = {
        name.lower(): extra
        for name, extra in re.findall(
            r"^([\w.-]+).*; extra == [\'\"]([\w-]+)",
            "\n".join(requires("parsons")),
            re.M,
        )
        if extra not in ("ngpvan", "redshift", "all")
    }
    assert len(of_extras) > 20
    assert of_extras.keys() & installed().keys() <= NEEDED_BY_OTHERS
