"""Debian's PostgreSQL as RDS gives it: TLS for everybody, and a master user with fewer rights."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from tests.drills.prefect_postgres import PrefectPostgres, running_prefect_postgres
from tests.planted.certificate import key_and_certificate

# The tests themselves are the superuser, without a password.
ACCESS = """\
host all postgres 127.0.0.1/32 trust
hostssl all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Rds:
    """A database, before its stack has made the password."""

    postgres: PrefectPostgres

    @property
    def port(self) -> int:
        return self.postgres.port

    def make_master_user(self, password: str) -> None:
        """Make the user `prefect`, who owns the database, and is no superuser."""
        for statement in (
            f"CREATE ROLE prefect LOGIN CREATEDB CREATEROLE PASSWORD '{password}'",
            "GRANT pg_signal_backend TO prefect",
            "ALTER DATABASE prefect OWNER TO prefect",
        ):
            self.postgres.query(statement, "postgres")

    def query(self, sql: str) -> str:
        """Run a statement in Prefect's database, and return what it finds."""
        return self.postgres.query(sql)


@contextmanager
def running_rds() -> Iterator[Rds]:
    """Run PostgreSQL, which takes connections of its master user by TLS alone."""
    with running_prefect_postgres() as postgres:
        for name, content in zip(("server.key", "server.crt"), key_and_certificate()):
            file = postgres.folder / name
            file.write_bytes(content)
            file.chmod(0o600)
            shutil.chown(file, postgres.folder.owner())
        postgres.query("ALTER SYSTEM SET ssl = on", "postgres")
        (postgres.folder / "pg_hba.conf").write_text(ACCESS)
        postgres.stop()
        postgres.start()
        yield Rds(postgres)
