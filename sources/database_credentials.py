"""Credentials of a database that a source reads, as a URL or part by part."""

from __future__ import annotations

from dlt.common.configuration import configspec
from dlt.common.configuration.specs.exceptions import InvalidConnectionString
from dlt.sources.credentials import ConnectionStringCredentials

from utils.configuration_errors import ConfigurationError, whole_address_as_host
from utils.errors.addresses import has_misread_password, is_no_host


@configspec(init=False)
class DatabaseCredentials(ConnectionStringCredentials):
    """Credentials that are rejected where a part of the password could be shown."""

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
