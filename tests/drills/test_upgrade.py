"""The short form of the upgrade, on a small database."""

from __future__ import annotations

import pytest

from tests.drills.prefect_postgres import PROGRAMS, running_prefect_postgres
from tests.drills.upgrade import Servers, upgrade


@pytest.mark.exhaustive
def test_an_older_servers_database_is_upgraded_and_put_back(tmp_path):
    if not list(PROGRAMS.glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    with running_prefect_postgres() as postgres:
        upgrade(Servers(tmp_path, postgres), runs=50)
