"""Hostile contents of secrets end in an error that names the secret, and shows no value."""

from __future__ import annotations

from typing import Iterator

import pytest

from sources.hubspot import hubspot_source
from sources.products import products_source
from tests.repository.hostile import assert_is_plain, error_of
from tests.repository.hostile.memory import takes_less_than
from tests.repository.hostile.secrets import CONTENTS
from tests.repository.settings import forget_settings
from utils.aws.client import NotThere
from utils.aws.secrets import SecretReader
from utils.errors import ClearError
from utils.settings.errors import plain_configuration_errors

MOST_MEGABYTES = 100
VAULT = {
    "sources.hubspot": "dlt/sources/hubspot",
    "sources.products.credentials": "dlt/sources/products/credentials",
}


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Texts of secrets by name, as if AWS Secrets Manager had them."""
    texts: dict[str, str] = {}

    def read(reader: SecretReader, name: str) -> str:
        if name not in texts:
            raise NotThere(name)
        return texts[name]

    monkeypatch.setattr(SecretReader, "read", read)
    monkeypatch.setenv("PROVIDERS__ENABLE_AWS_SECRETS", "true")
    forget_settings()
    yield texts
    monkeypatch.undo()
    forget_settings()


def use(place: str) -> None:
    with plain_configuration_errors():
        if place == "sources.hubspot":
            hubspot_source()
        else:
            list(products_source())


@pytest.mark.parametrize("hostile", CONTENTS, ids=str)
def test_a_secret(contents, hostile):
    contents[VAULT[hostile.place]] = hostile.value
    with takes_less_than(MOST_MEGABYTES):
        if hostile.error is None:
            use(hostile.place)
            return
        error = error_of(lambda: use(hostile.place))
    assert isinstance(error, ClearError)
    message = str(error)
    assert hostile.error in message
    assert_is_plain(error)
    assert "xxxx" not in message and "[[" not in message
