"""The address of a lake."""

from __future__ import annotations

import pytest

from utils.settings.bucket_url import require_usable_bucket_url
from utils.settings.errors import ConfigurationError

VARIABLE = "DESTINATION__LAKE__BUCKET_URL"


@pytest.mark.parametrize(
    "url",
    ["lake", "/data/my lake", "file:///lake", "s3://my-lake", "s3://my.lake/a b/"],
)
def test_a_folder_or_a_bucket(monkeypatch, url):
    monkeypatch.setenv(VARIABLE, url)
    require_usable_bucket_url("lake")


@pytest.mark.parametrize("url", ["s3://", "s3:/lake", "s3://My_Lake", "s3://a", "a\nb"])
def test_neither(monkeypatch, url):
    monkeypatch.setenv(VARIABLE, url)
    with pytest.raises(ConfigurationError, match="^destination.lake.bucket_url is nei"):
        require_usable_bucket_url("lake")
