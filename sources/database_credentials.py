"""Credentials of a database that a source reads, as a URL or part by part."""

from __future__ import annotations

from typing import Any, Final

from dlt.common.configuration import configspec
from dlt.common.configuration.specs.exceptions import InvalidConnectionString
from dlt.common.typing import TSecretStrValue
from dlt.sources.credentials import ConnectionStringCredentials

from utils.errors.addresses import has_misread_password, is_no_host
from utils.settings.errors import ConfigurationError, whole_address_as_host

# dlt requires a value of each field that is not Optional.
REQUIRED: Any = None


@configspec(init=False)
class DatabaseCredentials(ConnectionStringCredentials):
    """Credentials of a user who may read, rejected if an error could show the password."""

    host: str = REQUIRED
    database: str = REQUIRED
    username: str = REQUIRED
    password: TSecretStrValue = REQUIRED

    def parse_native_representation(self, native_value: object) -> None:
        if has_misread_password(native_value):
            raise InvalidConnectionString(
                self.__class__, str(native_value), self.drivername
            )
        super().parse_native_representation(native_value)

    def on_resolved(self) -> None:
        super().on_resolved()
        if is_no_host(self.host):
            raise ConfigurationError(whole_address_as_host())
        for name in ("host", "database", "username", "password"):
            if "\0" in (getattr(self, name) or ""):
                raise ConfigurationError(
                    f"The {name} of a database has a NUL, which none can have. Nothing was"
                    " loaded. Store it again where it comes from: the environment,"
                    " .dlt/secrets.toml or AWS Secrets Manager."
                )


# dlt takes no Final field from the configuration. mypy lets none override another field.
@configspec(init=False)
class PostgresCredentials(DatabaseCredentials):
    """Credentials of PostgreSQL. Settings such as `sslmode` go into `query`."""

    drivername: Final[str] = "postgresql"  # type: ignore[misc]
    port: int = 5432


@configspec(init=False)
class RedshiftCredentials(DatabaseCredentials):
    """Credentials of Redshift."""

    drivername: Final[str] = "redshift"  # type: ignore[misc]
    port: int = 5439
