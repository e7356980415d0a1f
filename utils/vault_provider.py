"""AWS Secrets Manager, the last place where dlt looks for a secret.

The secret `dlt/sources/hubspot` holds what would stand under `[sources.hubspot]` in
`.dlt/secrets.toml`, as JSON or TOML, and `dlt/sources/hubspot/access_token` that one value.
dlt's own switch turns it on: `PROVIDERS__ENABLE_AWS_SECRETS=true`.

dlt 1.31's own provider asks the vault for a dozen names that nobody uses, takes a secret
that it may not read for a missing one, and merges a flat JSON into the root.
"""

from __future__ import annotations

import threading
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.providers.aws_secrets import AwsSecretsManagerProvider
from dlt.common.configuration.specs.base_configuration import is_secret_hint
from dlt.common.configuration.specs.config_providers_context import (
    AwsSecretsProviderConfiguration,
)
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from utils.aws.client import NoAws, NotThere
from utils.aws.secret_content import dlt_value
from utils.aws.secrets import RIGHT, SecretReader
from utils.dlt_internals import use_as_aws_secrets_provider

# dlt's sections, with the key of a value at its end
Address = tuple[str, ...]

# Neither sources nor destinations, but sections that dlt looks up below those, too.
SECTIONS_OF_DLT = ("credentials", "runtime", "staging_config")


def active_vault() -> VaultProvider | None:
    """Return the provider if it is turned on and dlt has begun to read settings."""
    if PluggableRunContext not in Container():
        return None
    providers = Container()[PluggableRunContext].providers.providers
    return next((each for each in providers if isinstance(each, VaultProvider)), None)


def refresh_secrets() -> bool:
    """Read the vault's secrets again, and return whether one of them has changed."""
    vault = active_vault()
    return vault is not None and vault.refresh()


class VaultProvider(CustomLoaderDocProvider):
    """Provider that reads a secret once, when a source or destination needs a value of it."""

    def __init__(self, settings: AwsSecretsProviderConfiguration) -> None:
        super().__init__("AWS Secrets Manager", dict)
        self._prefix = settings.secret_name_prefix
        self._reader = SecretReader(
            right=f"{RIGHT} on that name, also if there is no such secret. In production a"
            " run has it for one source, which the deployment's job variable `role` in"
            " prefect.yaml names",
            outcome="Nothing was loaded.",
        )
        self._texts: dict[Address, str | None] = {}
        """Texts that were read, None for a missing secret."""
        self._reading = threading.Lock()

    @property
    def is_writable(self) -> bool:
        """False: dlt writes no values here."""
        return False

    @property
    def is_empty(self) -> bool:
        """False: dlt would skip the provider before it has read a secret."""
        return False

    def get_value(
        self, key: str, hint: type, pipeline_name: str | None, *sections: str
    ) -> tuple[Any | None, str]:
        """Return a value from the secrets read so far, or else from those that may have it."""
        pipeline = pipeline_name or ""
        with self._reading:
            if is_secret_hint(hint) and not pipeline:
                for address in _secrets_that_may_have((*sections, key)):
                    if super().get_value(key, hint, pipeline, *sections)[0] is not None:
                        break
                    self._read(address)
            return super().get_value(key, hint, pipeline, *sections)

    def get_value_location(
        self, key: str, pipeline_name: str | None, *sections: str
    ) -> str:
        """Return the name of the secret that has the value."""
        wanted = (*sections, key)
        with self._reading:
            for address, text in self._texts.items():
                if text is not None and wanted[: len(address)] == address:
                    return self.name_of(address)
        return ""

    def refresh(self) -> bool:
        """Read all secrets again, and return whether one of them has changed."""
        with self._reading:
            before = {address: text for address, text in self._texts.items() if text}
            for *sections, key in before:
                self.set_value(key, None, None, *sections)  # deletes it
            self._texts = {}
            for address in before:
                self._read(address)
            return self._texts != before

    def name_of(self, address: Address) -> str:
        """Return a secret's name in AWS."""
        name = AwsSecretsManagerProvider.get_key_name(address[-1], *address[:-1])
        return self._prefix + name

    def _read(self, address: Address) -> None:
        if address in self._texts:
            return
        name = self.name_of(address)
        text = self._text(name)
        if text is not None:
            *sections, key = address
            self.set_value(key, dlt_value(text, name, address), None, *sections)
        self._texts[address] = text

    def _text(self, name: str) -> str | None:
        try:
            return self._reader.read(name)
        except NotThere:
            return None
        except NoAws as error:
            raise type(error)(
                f"The secret {name} could not be read. {error} The vault is on"
                " (PROVIDERS__ENABLE_AWS_SECRETS)."
            ) from error.__cause__


def _secrets_that_may_have(address: Address) -> tuple[Address, ...]:
    """Return the addresses of the value's own secret, and of its source or destination."""
    if len(address) != 3 or address[1] in SECTIONS_OF_DLT:
        return ()
    return (address, address[:2]) if address[0] in ("sources", "destination") else ()


use_as_aws_secrets_provider(VaultProvider)
