"""The platform, set up once for all end-to-end tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.platform import Platform
    from tests.servers.postgres import Database


@pytest.fixture(scope="package")
def platform(
    postgres: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """The whole of production, with tasks as local processes."""
    from tests.end_to_end.platform import running_platform
    from tests.servers.postgres import new_database

    folder = tmp_path_factory.mktemp("platform")
    with running_platform(new_database(postgres), folder) as platform:
        yield platform
