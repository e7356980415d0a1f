"""What a failure is: a command, its settings, a server that fails it, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, ContextManager

from tests.planted.servers import Server

# Settings of every run. {name} stands for a planted secret or one of:
#   server, port, closed    the failure's server, its port, and a port that is closed
#   api, api_port           Prefect's server
#   aws_url, region         the fake AWS, and a region for the failure alone
#   project                 folder of .dlt
BASE = {
    "SOURCES__HUBSPOT__ACCESS_TOKEN": "{hubspot}",
    "SOURCES__OPEN_EXCHANGE_RATES__APP_ID": "{open_exchange_rates}",
    "SOURCES__VAN__API_KEY": "{van}",
    "SOURCES__PRODUCTS__CREDENTIALS__HOST": "127.0.0.1",
    "SOURCES__PRODUCTS__CREDENTIALS__PORT": "{port}",
    "SOURCES__PRODUCTS__CREDENTIALS__DATABASE": "shop",
    "SOURCES__PRODUCTS__CREDENTIALS__USERNAME": "reader",
    "SOURCES__PRODUCTS__CREDENTIALS__PASSWORD": "{products}",
    "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__HOST": "127.0.0.1",
    "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__PORT": "{port}",
    "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__DATABASE": "analytics",
    "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__USERNAME": "reader",
    "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__PASSWORD": "{redshift}",
    "SOURCES__HUBSPOT__BASE_URL": "{server}",
    "SOURCES__OPEN_EXCHANGE_RATES__API_URL": "{server}",
    "SOURCES__VAN__BASE_URL": "{server}/v4/",
    "SOURCES__EXCHANGE_RATES__PUBLICATION_URL": "{server}/hist.zip",
    "CHECK_IP_URL": "{server}",
    "DESTINATION__LAKE__CREDENTIALS__AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "DESTINATION__LAKE__CREDENTIALS__AWS_SECRET_ACCESS_KEY": "{lake}",
    "PREFECT_API_URL": "{api}",
    "PREFECT_API_AUTH_STRING": "admin:{prefect_login}",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "{aws}",
    "AWS_SESSION_TOKEN": "{aws_session}",
    "AWS_DEFAULT_REGION": "{region}",
}


@dataclass(frozen=True, eq=False)
class Failure:
    """A command that fails, or shows something, while secrets are planted."""

    name: str
    command: str
    """Words behind `python -m`."""
    says: str
    """Words of the console, which show that it failed as it was meant to."""
    settings: dict[str, str] = field(default_factory=dict)
    """Settings besides those of `BASE`. An empty one is left out."""
    server: Callable[[], ContextManager[Server]] | None = None
    files: dict[str, str] = field(default_factory=dict)
    """Files of the folder `project`, such as .dlt/secrets.toml."""
    vault: dict[str, str] = field(default_factory=dict)
    """Secrets in AWS Secrets Manager."""
    bug: str = ""
    """Bug in the source, a function of tests/planted/bugs.py."""
    signal: int = 0
    """Signal that ends the process when its first request has arrived."""
    code: int = 1
    """Exit code of the process."""
    needs: str = ""
    """What it needs besides, by its name in tests/planted/preparations.py."""
    quick: bool = False
    """Whether it runs with a newcomer's tests."""
    rare: bool = False
    """Whether the gate leaves it out, because another failure is of its kind."""

    def __str__(self) -> str:
        return self.name
