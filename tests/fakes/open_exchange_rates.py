"""A fake of Open Exchange Rates' API: https://docs.openexchangerates.org"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

from tests.fakes.http_server import Answer, Request, json_answer

APP_ID = "0123456789abcdef"
CURRENCIES = {"EUR": "Euro", "JPY": "Japanese Yen", "XAU": "Gold Ounce"}
EARLIEST = date(1999, 1, 1)


@dataclass
class OpenExchangeRates:
    """An account with its plan, and the publications."""

    published_at: datetime = datetime(2026, 11, 20, 9, tzinfo=timezone.utc)
    requests: int = 0
    """Requests of this month. Usage and names are free."""
    quota: int = 1_000
    days_remaining: int = 10
    rates: dict[str, object] = field(
        default_factory=lambda: {"EUR": 0.86214, "JPY": 156.4, "XAU": 0.000243091}
    )
    currencies: dict[str, str] = field(default_factory=lambda: dict(CURRENCIES))

    def respond(self, request: Request) -> Answer:
        if request.path == "/currencies.json":
            return json_answer(self.currencies)
        if request.headers.get("authorization") != f"Token {APP_ID}":
            return _error(401, "invalid_app_id", "Invalid App ID - please sign up")
        if request.path == "/usage.json":
            return json_answer({"status": 200, "data": {"usage": self._usage()}})
        self.requests += 1
        if 0 <= self.quota < self.requests:
            return _error(429, "access_restricted", "Access restricted for over-use")
        if request.path == "/latest.json":
            return self._publication(self.published_at)
        if request.path.startswith("/historical/"):
            return self._historical(request.path[12:].removesuffix(".json"))
        return _error(404, "not_found", "Client requested a non-existent resource")

    def _usage(self) -> dict[str, int]:
        unlimited = self.quota < 0
        return {
            "requests": self.requests,
            "requests_quota": self.quota,
            "requests_remaining": -1 if unlimited else self.quota - self.requests,
            "days_remaining": self.days_remaining,
        }

    def _historical(self, text: str) -> Answer:
        day = date.fromisoformat(text)
        if not EARLIEST <= day <= self.published_at.date():
            return _error(400, "not_available", f"There are no rates of {day}")
        end = datetime.combine(day, time(), timezone.utc) + timedelta(hours=23)
        return self._publication(min(end, self.published_at))

    def _publication(self, at: datetime) -> Answer:
        return json_answer(
            {"timestamp": int(at.timestamp()), "base": "USD", "rates": self.rates}
        )


def _error(status: int, message: str, description: str) -> Answer:
    return json_answer(
        {
            "error": True,
            "status": status,
            "message": message,
            "description": description,
        },
        status,
    )
