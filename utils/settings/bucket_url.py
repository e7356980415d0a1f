"""The address of a lake: a folder, or a bucket on S3."""

from __future__ import annotations

import re

import dlt

from utils.settings.bounds import wrong_setting

LONGEST = 1_000
# AWS's rule for the names of buckets.
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")


def require_usable_bucket_url(destination: str) -> None:
    """Reject an address that dlt or AWS would misread, or answer with other words.

    Args:
        destination: Name of the destination in `.dlt/config.toml`.

    Raises:
        ConfigurationError: Names the setting.
    """
    setting = f"destination.{destination}.bucket_url"
    url = dlt.config.get(setting, str) or ""
    if (
        len(url) > LONGEST
        or not url.isprintable()
        or url.startswith("s3:")
        and not BUCKET.fullmatch(url)
    ):
        raise wrong_setting(
            setting,
            "is neither a folder's path nor a bucket's address",
            "It takes a path, such as lake, or an address, such as s3://my-lake.",
        )
