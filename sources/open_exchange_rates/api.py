"""Requests to the Open Exchange Rates API."""

from __future__ import annotations

import logging
from datetime import date
from decimal import Decimal
from typing import Any

from utils.errors.http import as_documented
from utils.redaction.texts import excerpt
from utils.settings.bounds import checked_token

logger = logging.getLogger(__name__)

SOURCE = "open_exchange_rates"


class OpenExchangeRatesApi:
    """Client of the API, with dlt's retries on 429, 5xx and broken connections."""

    def __init__(self, url: str, app_id: str) -> None:
        from sources.http.source_client import SourceClient

        self._url = url.rstrip("/")
        self._client = SourceClient(url, f"sources.{SOURCE}.api_url")
        token = checked_token(f"sources.{SOURCE}.app_id", app_id)
        # not as the parameter app_id, which would stand in errors and proxies' logs
        self._headers = {"Authorization": f"Token {token}"}

    def get(self, path: str) -> dict[str, Any]:
        response = self._client.get(f"{self._url}/{path}", headers=self._headers)
        with as_documented(SOURCE, f"the answer of {path}"):
            # not floats, which are not the rates as published
            answer = response.json(parse_float=Decimal)
            if not isinstance(answer, dict):
                raise TypeError(f"it is no object, but {excerpt(response.text)!r}")
            return answer

    def closing_rates(self, day: date) -> dict[str, Any] | None:
        """Return the day's last rates, or None if the API does not know the day."""
        from dlt.sources.helpers.requests import HTTPError

        try:
            return self.get(f"historical/{day}.json")
        except HTTPError as error:
            if "not_available" not in error.response.text:
                raise
            logger.warning("There are no rates of %s: %s", day, error.response.text)
            return None
