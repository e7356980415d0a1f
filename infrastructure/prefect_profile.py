"""Prefect's profile `data-platform`, in the home of this user alone.

It holds the address and the password of a server on this machine:
`export PREFECT_PROFILE=data-platform` is all that flows, workers and commands need, unless
PREFECT_API_URL or PREFECT_API_AUTH_STRING is set, too, which comes first.
"""

from __future__ import annotations

import secrets

from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_PROFILES_PATH,
    PREFECT_SERVER_API_AUTH_STRING,
    load_profiles,
    save_profiles,
)
from prefect.settings.legacy import Setting

from utils.redaction.private_files import keep_private

PROFILE = "data-platform"


def make_profile(api_url: str) -> dict[Setting, str]:
    """Write the profile, and return its settings. Its password is made once."""
    profiles = load_profiles()
    found = profiles.profiles_by_name.get(PROFILE)
    password = found and found.settings.get(PREFECT_SERVER_API_AUTH_STRING)
    password = password or f"dev:{secrets.token_urlsafe(32)}"
    settings = {
        PREFECT_API_URL: api_url,
        PREFECT_API_AUTH_STRING: password,
        PREFECT_SERVER_API_AUTH_STRING: password,
    }
    profiles.update_profile(PROFILE, settings)
    keep_private(PREFECT_PROFILES_PATH.value())
    save_profiles(profiles)
    return settings
