"""Steps that the tests of releases share."""

from __future__ import annotations

from tests.infrastructure.release.production import Production
from tests.infrastructure.release.repository_of_tests import PRODUCTION

NAMES = {f"{flow}/production" for flow in PRODUCTION}


def release_the_house(production: Production) -> str:
    """Make the first release, and return its commit."""
    commit = production.repository.git("rev-parse", "HEAD")
    production.push(commit)
    production.release("apply")
    return commit


def without_orders(production: Production) -> None:
    """Commit the removal of the deployment of orders."""
    file = production.repository.read("prefect.yaml")
    production.repository.write(
        {"prefect.yaml": file.replace(PRODUCTION["orders"], "")}
    )
    production.repository.commit("Orders are loaded elsewhere")
