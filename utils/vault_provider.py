"""AWS Secrets Manager, the last place where dlt looks for a secret.

The secret `dlt/sources/hubspot` holds what would stand under `[sources.hubspot]` in
`.dlt/secrets.toml`, as JSON or TOML, and `dlt/sources/hubspot/access_token` that one value.
dlt's own switch turns it on: `PROVIDERS__ENABLE_AWS_SECRETS=true`.

dlt 1.31's own provider asks the vault for a dozen names that nobody uses, takes a secret
that it may not read for one that is not there, and merges a flat JSON into the root.
"""

from __future__ import annotations

import threading
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.aws_secrets import AwsSecretsManagerProvider
from dlt.common.configuration.providers.vault import VaultDocProvider
from dlt.common.configuration.specs import AwsCredentials, config_providers_context
from dlt.common.configuration.specs.base_configuration import is_secret_hint
from dlt.common.configuration.specs.config_providers_context import (
    AwsSecretsProviderConfiguration,
)
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from utils.aws.secret_content import secret_content
from utils.aws.secret_errors import VaultError, error_of_aws

DltPath = tuple[str, ...]

# No sources or destinations, but sections that dlt looks up right beneath those, too.
SECTIONS_OF_DLT = ("credentials", "runtime", "staging_config")
# With botocore's own limits a run that has no way to AWS would wait for five minutes.
CONNECT_SECONDS = 10
READ_SECONDS = 30


def active_vault() -> VaultProvider | None:
    """The provider, if it is turned on and dlt has begun to read settings."""
    if PluggableRunContext not in Container():
        return None
    providers = Container()[PluggableRunContext].providers.providers
    return next((each for each in providers if isinstance(each, VaultProvider)), None)


def refresh_secrets() -> bool:
    """Read again what was read from the vault: whether a secret is another now."""
    vault = active_vault()
    return vault is not None and vault.refresh()


class VaultProvider(AwsSecretsManagerProvider):
    """Reads a secret once, when a source or a destination asks for a value of it."""

    def __init__(self, settings: AwsSecretsProviderConfiguration) -> None:
        # Unresolved credentials: AWS is not asked before a secret is.
        super().__init__(
            AwsCredentials(), secret_name_prefix=settings.secret_name_prefix
        )
        self._texts: dict[DltPath, str | None] = {}
        """What was read, None if there is no such secret."""
        self._reading = threading.Lock()

    def get_value(
        self, key: str, hint: type, pipeline_name: str | None, *sections: str
    ) -> tuple[Any | None, str]:
        """A value from the secrets read so far, or else from those that may have it."""
        # not VaultDocProvider's, which asks for all kinds of names
        held = super(VaultDocProvider, self).get_value
        with self._reading:
            if is_secret_hint(hint) and not pipeline_name:
                for path in _secrets_that_may_have((*sections, key)):
                    if held(key, hint, None, *sections)[0] is None:
                        self._read(path)
            return held(key, hint, pipeline_name, *sections)

    def get_value_location(
        self, key: str, pipeline_name: str | None, *sections: str
    ) -> str:
        """The secret that has the value."""
        path = (*sections, key)
        with self._reading:
            found = (each for each, text in self._texts.items() if text is not None)
            owners = [self.name_of(each) for each in found if path[: len(each)] == each]
        return owners[0] if owners else ""

    def refresh(self) -> bool:
        """Read again what was read: whether one of the secrets is another now."""
        with self._reading:
            before = {path: text for path, text in self._texts.items() if text}
            self._texts, self._config_doc = {}, {}
            for path in before:
                self._read(path)
            return self._texts != before

    def name_of(self, path: DltPath) -> str:
        """The secret's name in AWS."""
        return self.secret_name_prefix + self.get_key_name(path[-1], *path[:-1])

    def _read(self, path: DltPath) -> None:
        if path in self._texts:
            return
        name = self.name_of(path)
        text = self._fetch(name)
        if text is not None:
            *sections, key = path
            self.set_value(key, secret_content(text, name, path), None, *sections)
        self._texts[path] = text

    def _fetch(self, name: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._get_client().get_secret_value(SecretId=name)
        except (BotoCoreError, ClientError) as error:
            if clear := error_of_aws(error, name):
                raise clear from error
            return None
        if "SecretString" not in answer:
            raise VaultError(
                f"The secret {name} is binary. Nothing was loaded. Store a text, JSON or TOML."
            )
        return answer["SecretString"]

    def _get_client(self) -> Any:
        if self._client is None:
            import botocore.session
            from botocore.config import Config

            self._client = botocore.session.get_session().create_client(
                "secretsmanager",
                config=Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard"},
                ),
            )
        return self._client


def _secrets_that_may_have(path: DltPath) -> tuple[DltPath, ...]:
    """The value's own secret, and that of its source or destination."""
    if len(path) != 3 or path[1] in SECTIONS_OF_DLT:
        return ()
    return (path, path[:2]) if path[0] in ("sources", "destination") else ()


# Where dlt makes its own, if that is turned on. It does so when it first needs a setting.
config_providers_context._aws_secrets_provider = VaultProvider
